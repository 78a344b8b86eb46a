#pragma once

#include <cstdint>
#include <functional>
#include <string>
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
  Digest sha256;
};

enum class LayerKind { dependencies, application, weights, front };
std::string_view to_string(LayerKind kind);

struct Layer {
  LayerKind kind;
  // Of the sorted list of (path, executable, link, sha256); for dependencies, of the requirements text, the Python version
  // and the platform, since what the installer will find is not known beforehand.
  Digest digest;
  std::uint64_t bytes = 0;
  std::vector<File> files;        // sorted by path; empty for dependencies
  std::string requirements;       // of dependencies: the requirements text, servers that mdl adds included
};

struct LayerPlan {
  std::vector<Layer> layers;      // dependencies, front, weights, application: what changes least comes first
  Digest digest() const;          // of the layers' kinds and digests: names the artifact
  std::uint64_t bytes() const;
  const Layer* find(LayerKind kind) const;
};

struct LayerRequest {
  const manifest::Service& service;
  std::string platform;           // "linux/amd64", part of the dependencies' key
  std::string python;             // full version of the interpreter, part of the dependencies' key; empty: no Python
  std::vector<File> front;        // generated files of the platform's front, see provider::Artifacts::Platform
  std::vector<std::string> servers;  // requirement lines added to the service's own
  std::string stat_cache;         // path of the cache file (size, mtime, ctime, inode → digest); empty: none
};

// Reads and hashes the service's files. Application files are those that `include` names (default: all) except what
// .gitignore and .mdlignore exclude, .git, mdl.yaml's own build folders (.venv, __pycache__, .mdl) and the model's files.
// Symbolic links that leave the folder are refused. A file that changes while it is read is an error of kind conflict.
// Errors: invalid (with the manifest line) for an include or model path that matches nothing.
Result<LayerPlan> plan_layers(const LayerRequest& request);

// Writes all layers but dependencies below `folder`, which must not exist: application and weights below folder/app, each
// file at its path in the service's folder (the code opens weights/x as it does at home), front below folder/front. Files come by reflink or hard link from
// `store` (a folder by digest, filled as needed), generated ones by value. Application files are copied so that a later
// edit of the user's file cannot change a release. Atomic: written beside and renamed. An existing folder is success.
Result<void> write_folder(const LayerPlan& plan, const std::string& folder, const std::string& store);

}  // namespace mdl::oci
