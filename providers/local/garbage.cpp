#include "providers/local/garbage.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <sys/stat.h>
#include <system_error>

#include "core/fetch/store.hpp"
#include "providers/local/container.hpp"

namespace mdl::local {

namespace fs = std::filesystem;

namespace {

bool is_partial(const std::string& name) {
  return name.find(".partial") != std::string::npos || name.find(fetch::incoming_mark) != std::string::npos;
}

std::vector<fs::path> entries_of(const std::string& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    entries.push_back(entry->path());
  std::ranges::sort(entries);
  return entries;
}

// How many of a file's names were seen, to find out whether its bytes are freed with them.
using Seen = std::map<std::pair<dev_t, ino_t>, nlink_t>;

std::uint64_t freed_by_file(const fs::path& path, Seen& seen) {
  struct ::stat info {};
  if (::lstat(path.c_str(), &info) != 0) return 0;
  const auto bytes = static_cast<std::uint64_t>(info.st_blocks) * 512;
  if (S_ISDIR(info.st_mode) || info.st_nlink < 2) return bytes;
  return ++seen[{info.st_dev, info.st_ino}] == info.st_nlink ? bytes : 0;
}

std::uint64_t freed_by(const fs::path& path, Seen& seen) {
  std::uint64_t bytes = freed_by_file(path, seen);
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(path, error))) return bytes;
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error))
    bytes += freed_by_file(entry->path(), seen);
  return bytes;
}

// Blobs whose only other names are in artifacts that go too.
nlink_t names_left(const fs::path& blob, const Seen& seen) {
  struct ::stat info {};
  if (::lstat(blob.c_str(), &info) != 0) return 0;
  const auto found = seen.find({info.st_dev, info.st_ino});
  return info.st_nlink - (found == seen.end() ? 0 : found->second);
}

}  // namespace

std::vector<Waste> waste_of(const Home& home, const std::set<std::string>& pinned) {
  std::vector<Waste> waste;
  Seen seen;
  std::set<fs::path> used;
  const auto add = [&](const fs::path& path, const std::string& kind) {
    const auto name = path.filename().string();
    const auto brief = kind + " " + name.substr(0, name.starts_with("plain-") ? 14 : 8);
    const auto what = is_partial(name) ? "unfinished " + brief : brief;
    waste.push_back({.path = path, .what = what, .bytes = freed_by(path, seen)});
  };
  for (const auto& artifact : entries_of(home.artifacts())) {
    if (!pinned.contains(artifact.filename())) {
      add(artifact, "artifact");
      continue;
    }
    std::error_code error;
    used.insert(fs::read_symlink(artifact / "environment", error).filename());
  }
  for (const auto& environment : entries_of(home.environments()))
    if (!used.contains(environment.filename())) add(environment, "environment");
  for (const auto& blob : entries_of(home.blobs()))
    if (is_partial(blob.filename()) || names_left(blob, seen) <= 1) add(blob, "weights");
  return waste;
}

Result<void> remove_waste(const std::vector<Waste>& waste) {
  std::string first;
  std::error_code reason;

  for (const auto& item : waste) {
    std::error_code error;
    if (const auto image = image_of(item.path); !image.empty()) remove_image(image);
    // An artifact is made read-only: its folders must be writable to lose their entries.
    for (fs::recursive_directory_iterator entry(item.path, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code ignored;
      if (entry->is_directory(ignored) && !entry->is_symlink(ignored))
        fs::permissions(entry->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
    }
    error.clear();
    std::error_code ignored;
    if (fs::is_directory(fs::symlink_status(item.path, ignored)))
      fs::permissions(item.path, fs::perms::owner_all, fs::perm_options::add, ignored);
    fs::remove_all(item.path, error);
    if (error && first.empty()) {
      first = item.path;
      reason = error;
    }
  }
  if (first.empty()) return {};
  return fail(Error{.kind = ErrorKind::failed,
                    .message = "what is no longer needed cannot be removed",
                    .quoted = reason.message(),
                    .resource = first});
}

}  // namespace mdl::local
