#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <sys/stat.h>

#include "core/oci/directory.hpp"
#include "core/oci/ignore.hpp"
#include "core/oci/selection_rules.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

// Weights often are links into a cache or to a larger disk: the artifact holds the file that a link leads to.
// They are never executable, so that the same bytes are one file in the store.
Result<void> add(Selecting& selecting, const std::string& path, const struct stat& status) {
  const auto source = selecting.root + '/' + path;
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(source.c_str(), nullptr), std::free);
  if (!real) return system_failure(source, "read");
  selecting.includes_file(path);
  selecting.found.weights.push_back({.path = path, .source = real.get(), .stat = to_file_stat(status)});
  return {};
}

Result<void> add_link(Selecting& selecting, const std::string& path) {
  struct stat status {};
  std::string_view problem;
  if (::stat((selecting.root + '/' + path).c_str(), &status) != 0)
    problem = "leads nowhere";
  else if (S_ISDIR(status.st_mode))
    problem = "leads to a folder; name that link as a model path of its own";
  else if (!S_ISREG(status.st_mode))
    problem = "does not lead to a file";
  if (problem.empty()) return add(selecting, path, status);
  return fail(Error{.kind = ErrorKind::refused,
                    .message = fmt::format("the symbolic link '{}' {}", printable(path), problem),
                    .resource = path});
}

Result<void> walk(Selecting& selecting, const Directory& directory, const std::string& folder,
                  FolderRules rules, int depth) {
  MDL_TRY(const auto entries, directory.entries());
  if (has_file(entries, ".mdlignore"))
    MDL_CHECK(rules.add_mdlignore(directory.path() + "/.mdlignore", folder));
  for (const auto& entry : entries) {
    const auto path = path_below(folder, entry.name);
    if (is_never_selected(entry.name) || entry.type == EntryType::other) continue;
    const bool is_folder = entry.type == EntryType::folder;
    MDL_TRY(const bool ignored, rules.ignore(is_folder ? path + '/' : path));
    if (ignored) continue;
    MDL_CHECK(check_path(path, depth));
    if (is_folder) {
      MDL_TRY(const auto inner, directory.enter(entry.name));
      MDL_CHECK(walk(selecting, inner, path, rules, depth + 1));
    } else if (entry.type == EntryType::link) {
      MDL_CHECK(add_link(selecting, path));
    } else {
      MDL_TRY(const auto status, directory.status(entry.name));
      MDL_CHECK(add(selecting, path, status));
    }
  }
  return {};
}

Result<void> select_one(Selecting& selecting, const manifest::ModelFile& model, const std::string& path,
                        const std::string& field) {
  const auto source = selecting.root + '/' + path;
  struct stat status {};
  if (::stat(source.c_str(), &status) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return system_failure(source, "read");
    return selecting.invalid(field, fmt::format("the model path '{}' is not there", printable(model.path)));
  }
  MDL_CHECK(check_path(path, 0));
  const auto before = selecting.found.weights.size();
  if (S_ISREG(status.st_mode)) {
    MDL_CHECK(add(selecting, path, status));
  } else if (S_ISDIR(status.st_mode)) {
    if (!model.sha256.empty())
      return selecting.invalid(
          field, fmt::format("sha256 goes with one file, and '{}' is a folder", printable(model.path)));
    FolderRules rules;
    MDL_CHECK(rules.add_mdlignore(selecting.root + "/.mdlignore", ""));
    MDL_TRY(const auto directory, Directory::open(source));
    MDL_CHECK(walk(selecting, directory, path, rules, 0));
  }
  if (selecting.found.weights.size() != before) return {};
  return selecting.invalid(field, fmt::format("the model path '{}' holds no file", printable(model.path)));
}

}  // namespace

Result<void> select_weights(Selecting& selecting) {
  const auto& models = selecting.service.model;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const auto field = fmt::format("model.{}", i);
    const auto& text = models[i].path;
    if (const auto reason = Glob::unusable(text); !reason.empty())
      return selecting.invalid(field + ".path",
                               fmt::format("the model path '{}' {}", printable(text), reason));
    const auto path = std::filesystem::path(text + '/').lexically_normal().parent_path().string();
    if (path.empty() || path == ".")
      return selecting.invalid(
          field + ".path",
          "a model path names a file or a folder inside the manifest's folder, not all of it");
    selecting.models.insert(path);
    if (!models[i].from.empty()) continue;  // fetched
    MDL_CHECK(select_one(selecting, models[i], path, field + ".path"));
  }
  return {};
}

}  // namespace mdl::oci
