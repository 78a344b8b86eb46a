#include "core/oci/select.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <sys/stat.h>

#include "core/oci/selection_rules.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

constexpr std::array<std::string_view, 15> never{
    ".git",     ".hg",  ".svn",        ".gitignore",    ".mdlignore",  ".mdl",        ".venv",
    ".tox",     ".nox", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".ipynb_checkpoints",
    ".DS_Store"};

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_nsec};
}

Result<void> read_includes(Selecting& selecting) {
  const auto& texts = selecting.service.build.include;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (const auto reason = Glob::unusable(texts[i]); !reason.empty())
      return selecting.invalid(fmt::format("build.include.{}", i),
                               fmt::format("the include pattern '{}' {}", printable(texts[i]), reason));
    selecting.includes.push_back({Glob(texts[i]), texts[i], i});
  }
  return {};
}

Result<void> check_includes(const Selecting& selecting) {
  for (const auto& include : selecting.includes) {
    if (include.matched) continue;
    return selecting.invalid(
        fmt::format("build.include.{}", include.index),
        fmt::format("the include pattern '{}' matches no file (files that .gitignore excludes "
                    "count only when .mdlignore takes them back with '!')",
                    printable(include.text)));
  }
  return {};
}

void sort_once(std::vector<Found>& files) {
  std::ranges::sort(files, {}, &Found::path);
  const auto twice = std::ranges::unique(files, {}, &Found::path);
  files.erase(twice.begin(), twice.end());
}

}  // namespace

FileStat to_file_stat(const struct stat& status) {
  return {.bytes = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = nanoseconds(status.st_mtim),
          .changed_ns = nanoseconds(status.st_ctim),
          .inode = status.st_ino,
          .device = status.st_dev};
}

bool Selecting::includes_file(const std::string& path) {
  bool any = includes.empty();
  for (auto& include : includes) {
    if (!include.glob.matches(path)) continue;
    include.matched = true;
    any = true;
  }
  return any;
}

bool Selecting::may_include_below(std::string_view folder) const {
  return includes.empty() || std::ranges::any_of(includes, [&](const Include& include) {
           return include.glob.may_match_below(folder);
         });
}

std::unexpected<Error> Selecting::invalid(const std::string& field, std::string message) const {
  return fail(
      Error{.kind = ErrorKind::invalid, .message = std::move(message), .where = service.source_of(field)});
}

bool is_never_selected(std::string_view name) { return std::ranges::find(never, name) != never.end(); }

std::string path_below(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + '/' + std::string(name);
}

Result<void> check_path(const std::string& path, int depth) {
  std::string_view reason;
  if (!is_utf8(path)) reason = "has a name that is not UTF-8, which archives and JSON cannot hold";
  if (depth > deepest_folder) reason = "lies deeper than 200 folders";
  if (reason.empty()) return {};
  return fail(
      Error{.kind = ErrorKind::invalid,
            .message = fmt::format("'{}' {}; rename it or exclude it in .mdlignore", printable(path), reason),
            .resource = printable(path)});
}

Result<Selection> select_files(const manifest::Service& service) {
  Selecting selecting{.service = service, .root = service.folder};
  while (selecting.root.size() > 1 && selecting.root.ends_with('/')) selecting.root.pop_back();
  MDL_CHECK(read_includes(selecting));
  MDL_CHECK(select_weights(selecting));
  MDL_CHECK(select_application(selecting));
  MDL_CHECK(check_includes(selecting));
  sort_once(selecting.found.application);
  sort_once(selecting.found.weights);
  return std::move(selecting.found);
}

Result<std::vector<Found>> select_weights_files(const manifest::Service& service) {
  Selecting selecting{.service = service, .root = service.folder};
  while (selecting.root.size() > 1 && selecting.root.ends_with('/')) selecting.root.pop_back();
  MDL_CHECK(select_weights(selecting));
  sort_once(selecting.found.weights);
  return std::move(selecting.found.weights);
}

}  // namespace mdl::oci
