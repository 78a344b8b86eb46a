#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest/service.hpp"
#include "core/util/error.hpp"

// What an artifact consists of, as values. One layer plan, several writers: a folder (local), a zip (functions), an OCI image.
namespace mdl::oci {

// Lower-case hex of a SHA-256.
using Digest = std::string;

struct File {
  std::string path;         // inside the layer, '/'-separated, relative, never with ".."; of application and weights:
                            // relative to the service's folder
  std::string source;       // absolute path on this machine; empty when `content` holds the bytes
  std::string content;      // of generated files
  std::string link;         // target of a symbolic link; empty for regular files
  std::uint64_t bytes = 0;
  bool executable = false;
  Digest sha256;            // empty for links
};

// A file of weights that is fetched from elsewhere: named by the digest of what it will be.
struct Remote {
  std::string path;           // in the service's folder
  std::string from;           // for people: "hf://org/name@<commit>/file", an URL without query
  std::string url;            // may hold a secret: never shown
  std::string sha256 = {};
  std::string revision = {};  // the commit that a hub's revision is; empty: none
  std::uint64_t bytes = 0;    // 0: not known
  std::string stored = {};    // where it is, or will be
  bool hub = false;           // the hub's token goes with the request
};

enum class LayerKind { dependencies, application, weights, front };
std::string_view to_string(LayerKind kind);

struct Layer {
  LayerKind kind;
  // Of the sorted list of (path, executable, link, sha256); for dependencies, of the requirements text, the Python version
  // and the platform, since what the installer will find is not known beforehand.
  Digest digest;
  std::uint64_t bytes = 0;
  std::vector<File> files;        // sorted by path; empty for dependencies, unless with_packages put them there
  std::string requirements;       // of dependencies: the requirements text, servers that mdl adds included
};

struct LayerPlan {
  std::vector<Layer> layers;      // dependencies, front, weights, application: what changes least comes first
  Digest digest() const;          // of the layers' kinds and digests: names the artifact
  std::uint64_t bytes() const;
  const Layer* find(LayerKind kind) const;  // nullptr: the artifact has none
  // Of the weights, those that come from elsewhere: their File's source is Remote::stored, which may not be there yet.
  std::vector<Remote> remotes = {};
};

// How the file of a plan that mdl saved begins. One that lies in the service's folder itself is no part of the artifact:
// saving a plan there must not change what the plan was made for.
inline constexpr std::string_view saved_plan_beginning = "{\n  \"mdl\": \"saved plan\"";

struct LayerRequest {
  const manifest::Service& service;
  std::string platform;           // "linux/amd64", part of the dependencies' key
  std::string python;             // full version of the interpreter, part of the dependencies' key; empty: no Python
  std::vector<File> front;        // generated files of the platform's front, see provider::Artifacts::Platform
  std::vector<std::string> servers;  // requirement lines added to the service's own
  std::string stat_cache;         // folder of the caches (size, mtime, ctime, inode, device → digest), one file for each
                                  // service folder; empty: none
  std::vector<Remote> remotes = {};  // of the models with `from`
  // A folder of files named by their digest. Weights that must be read are brought there as they are hashed, so that
  // write_folder need not read them again; empty: they are only hashed.
  std::string store = {};
  std::function<void(const std::string& path)> on_read = {};  // before a file is read; from several threads at once
};

// Selects and hashes the service's files.
//
// Application: what `include` names (default: everything) without
// - what .gitignore files exclude, those between the repository's top and the folder included, and .mdlignore files, which
//   have the last word: "!dist/" there takes back what .gitignore excludes. Neither the user's own excludes file nor what
//   the repository tracks is asked, so that every checkout gives the same artifact;
// - version control, caches of tools, virtual environments, the manifest, .gitignore and .mdlignore themselves;
// - the model's paths, which are the weights layer (only .mdlignore speaks of what lies in them; links are followed).
// Empty folders, sockets, pipes and devices are not part of it. Front files come as they are given.
// There is always an application layer, a dependencies layer when `python` is given, the others when they have a file.
//
// Errors: invalid (with the manifest line) for an include or model path that matches nothing, a `sha256` that does not
// match, a requirements file that cannot be used, or a name that is not UTF-8; refused for a symbolic link that leaves the
// folder; conflict for a file that changes while it is read; unavailable for one that cannot be read.
Result<LayerPlan> plan_layers(const LayerRequest& request);

// What a release's files have in common with the store or another release.
enum class Link { none, reflink, hard_link, copy };
std::string_view to_string(Link link);  // "", "reflink", "hard link", "copy"

struct Written {
  Link weights = Link::none;        // none: there are none, or the folder was there; of several ways, the costliest
  bool application_linked = false;  // nothing of the application was copied
};

// Writes all layers but dependencies below `folder`: application and weights below folder/app, each file at its path in
// the service's folder (the code opens weights/x as it does at home), front below folder/front; both exist afterwards.
// Application files are copied (by reflink where the file system can), so that a later edit cannot change a release, or are
// hard links into a folder beside `folder` that has the same application, so that new weights copy no code. Weights come from
// `store`, a folder of files named by their digest, which is filled as needed: by reflink, else by hard link, else by copy.
// Files are 0444 or 0555, folders 0755. folder/layers says what is in it.
// Each file is checked against its digest on the way. Written beside and renamed: `folder` is there as a whole or not at
// all, also when the process is killed or two write it at once; an existing one is success. What a killed writer left
// (*.partial-<pid> beside `folder` and in `store`) is removed by the next call.
// Errors: conflict when a file is no longer what was planned; failed when it cannot be written (a full disk).
Result<Written> write_folder(const LayerPlan& plan, const std::string& folder, const std::string& store);

}  // namespace mdl::oci
