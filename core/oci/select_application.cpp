#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <sys/stat.h>

#include "core/oci/directory.hpp"
#include "core/oci/ignore.hpp"
#include "core/oci/layers.hpp"
#include "core/oci/selection_rules.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

namespace fs = std::filesystem;

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? real.get() : "";
}

bool is_saved_plan(const std::string& path) {
  std::string beginning(saved_plan_beginning.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  return file && beginning == saved_plan_beginning;
}

bool lies_in(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

class Walk {
 public:
  explicit Walk(Selecting& selecting) : selecting_(selecting) {
    for (const auto& [name, from] : selecting.service.secrets) {
      const fs::path file(from.locator);
      if (from.scheme == "file")
        secrets_.insert(
            (file.is_absolute() ? file.lexically_relative(selecting.root) : file).lexically_normal());
    }
  }

  Result<void> run() {
    real_root_ = real_path(selecting_.root);
    MDL_TRY(const auto directory, Directory::open(selecting_.root));
    FolderRules rules;
    MDL_CHECK(add_outer_rules(rules));
    return walk(directory, "", rules, 0);
  }

 private:
  // The .gitignore files from the top of the repository down to the service's folder, which hold for it too.
  Result<void> add_outer_rules(FolderRules& rules) {
    const fs::path folder(selecting_.root);
    fs::path top;
    std::vector<fs::path> outer;
    for (fs::path at = folder; top.empty(); at = at.parent_path()) {
      struct stat status {};
      if (at != folder) outer.push_back(at);
      if (::lstat((at / ".git").c_str(), &status) == 0)
        top = at;
      else if (at == at.parent_path())
        return {};
    }
    if (top == folder) return {};
    prefix_ = folder.lexically_relative(top).string() + '/';
    for (auto at = outer.rbegin(); at != outer.rend(); ++at) {
      const auto base = *at == top ? std::string() : at->lexically_relative(top).string();
      MDL_CHECK(rules.add_gitignore((*at / ".gitignore").string(), base));
    }
    return {};
  }

  Result<void> add_own_rules(const Directory& directory, const std::vector<Entry>& entries,
                             const std::string& folder, FolderRules& rules) const {
    auto base = prefix_ + folder;
    if (base.ends_with('/')) base.pop_back();
    if (has_file(entries, ".gitignore"))
      MDL_CHECK(rules.add_gitignore(directory.path() + "/.gitignore", base));
    if (has_file(entries, ".mdlignore"))
      MDL_CHECK(rules.add_mdlignore(directory.path() + "/.mdlignore", base));
    return {};
  }

  Result<void> walk(const Directory& directory, const std::string& folder, FolderRules rules, int depth) {
    MDL_TRY(const auto entries, directory.entries());
    if (depth > 0 && has_file(entries, "pyvenv.cfg")) return {};  // a virtual environment, whatever its name
    MDL_CHECK(add_own_rules(directory, entries, folder, rules));
    for (const auto& entry : entries) {
      const auto path = path_below(folder, entry.name);
      if (is_left_out(entry, path, depth)) continue;
      const bool is_folder = entry.type == EntryType::folder;
      MDL_TRY(const bool ignored, rules.ignore(prefix_ + path + (is_folder ? "/" : "")));
      if (ignored) continue;
      MDL_CHECK(check_path(path, depth));
      if (is_folder) {
        if (!selecting_.may_include_below(path)) continue;
        MDL_TRY(const auto inner, directory.enter(entry.name));
        MDL_CHECK(walk(inner, path, rules, depth + 1));
      } else if (selecting_.includes_file(path)) {
        MDL_CHECK(add(directory, entry, path));
      }
    }
    return {};
  }

  bool is_left_out(const Entry& entry, const std::string& path, int depth) const {
    if (is_never_selected(entry.name) || entry.type == EntryType::other) return true;
    // The manifest is not part of what it describes: a new scale.max is no new artifact.
    if (depth == 0 &&
        (entry.name == "mdl.yaml" || entry.name == fs::path(selecting_.service.file).filename()))
      return true;
    // What a secret is read from is kept with the secrets, never in an artifact.
    if (selecting_.models.contains(path) || secrets_.contains(path)) return true;
    if (entry.type != EntryType::link) return false;
    // A link on the way to a model path: the artifact has a folder there, which holds the weights.
    const auto model = selecting_.models.lower_bound(path + '/');
    return model != selecting_.models.end() && model->starts_with(path + '/');
  }

  Result<void> add(const Directory& directory, const Entry& entry, const std::string& path) {
    MDL_TRY(const auto status, directory.status(entry.name));
    Found found{.path = path, .source = selecting_.root + '/' + path, .stat = to_file_stat(status)};
    if (S_ISLNK(status.st_mode)) {
      MDL_TRY(found.link, directory.link(entry.name));
      MDL_CHECK(check_link(found));
    } else if (!S_ISREG(status.st_mode) || (path == entry.name && is_saved_plan(found.source))) {
      return {};
    }
    found.executable = S_ISREG(status.st_mode) && (status.st_mode & S_IXUSR) != 0;
    selecting_.found.application.push_back(std::move(found));
    return {};
  }

  // Both where the text of the link leads and where it leads through other links.
  Result<void> check_link(const Found& found) const {
    const auto lexical = (fs::path(found.path).parent_path() / found.link).lexically_normal();
    const auto real = real_path(found.source);
    const bool leaves = fs::path(found.link).is_absolute() || *lexical.begin() == ".." ||
                        (!real.empty() && !lies_in(real, real_root_));
    if (!leaves) return {};
    return fail(Error{
        .kind = ErrorKind::refused,
        .message = fmt::format("the symbolic link '{}' leads out of the manifest's folder, to '{}': put a "
                               "copy in its place, name it as a model path or exclude it in .mdlignore",
                               printable(found.path), printable(found.link)),
        .resource = found.path});
  }

  Selecting& selecting_;
  std::string real_root_;
  std::set<std::string> secrets_;  // paths of files that hold them
  std::string prefix_;  // from the top of the repository to the service's folder: "" or "examples/shop/"
};

}  // namespace

Result<void> select_application(Selecting& selecting) { return Walk(selecting).run(); }

}  // namespace mdl::oci
