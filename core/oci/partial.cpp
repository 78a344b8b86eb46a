#include "core/oci/partial.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>

namespace mdl::oci {

namespace {

constexpr std::string_view marker = ".partial-";

std::unexpected<Error> not_made(const std::string& path) {
  return fail(Error{.kind = ErrorKind::failed,
                    .message = fmt::format("'{}' could not be written", path),
                    .quoted = std::strerror(errno),
                    .resource = path});
}

// Between being made and being locked it may have been taken for a leftover.
bool is_still_there(const std::string& path, int descriptor) {
  struct stat named {
  }, open{};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(descriptor, &open) == 0 &&
         named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

void remove(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

}  // namespace

bool is_partial_name(std::string_view name) {
  const auto at = name.rfind(marker);
  if (at == std::string_view::npos || at + marker.size() == name.size()) return false;
  return std::ranges::all_of(name.substr(at + marker.size()), [](char c) { return c >= '0' && c <= '9'; });
}

Partial::Partial(std::string wanted, std::string path, Descriptor descriptor)
    : wanted_(std::move(wanted)), path_(std::move(path)), descriptor_(std::move(descriptor)) {}

Partial::~Partial() {
  if (descriptor_) remove(path_);
}

Result<Partial> Partial::make_file(const std::string& wanted) { return make(wanted, false); }
Result<Partial> Partial::make_folder(const std::string& wanted) { return make(wanted, true); }

Result<Partial> Partial::make(const std::string& wanted, bool folder) {
  for (int number = 0; number < 1000; ++number) {
    const auto path = fmt::format("{}.{}{}{}", wanted, number, marker, ::getpid());
    if (folder && ::mkdir(path.c_str(), 0755) != 0) {
      if (errno == EEXIST) continue;
      return not_made(path);
    }
    const int flags = folder ? O_RDONLY | O_DIRECTORY | O_NOFOLLOW : O_RDWR | O_CREAT | O_EXCL;
    Descriptor descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600));
    if (!descriptor && (errno == EEXIST || (folder && errno == ENOENT))) continue;
    if (!descriptor) return not_made(path);
    // A file system without locks: the leftovers of killed processes then stay, which is the safe side.
    ::flock(descriptor.get(), LOCK_EX);
    if (is_still_there(path, descriptor.get())) return Partial(wanted, path, std::move(descriptor));
  }
  errno = EEXIST;
  return not_made(wanted);
}

Result<bool> Partial::publish() {
  int result = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, wanted_.c_str(), RENAME_NOREPLACE);
  // Not every file system knows the flag. A plain rename refuses to replace a folder that is not empty, and
  // files are named by what they hold.
  if (result != 0 && (errno == EINVAL || errno == ENOSYS)) result = ::rename(path_.c_str(), wanted_.c_str());
  if (result != 0 && (errno == EEXIST || errno == ENOTEMPTY)) return false;
  if (result != 0) return not_made(wanted_);
  descriptor_ = Descriptor();
  return true;
}

Result<void> Partial::publish_as(const std::string& name) {
  wanted_ = name;
  MDL_CHECK(publish());
  return {};
}

Result<void> Partial::replace() {
  if (::rename(path_.c_str(), wanted_.c_str()) != 0) return not_made(wanted_);
  descriptor_ = Descriptor();
  return {};
}

void remove_left_partials(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(folder.c_str()), ::closedir);
  if (!stream) return;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (!is_partial_name(entry->d_name)) continue;
    const auto path = folder + '/' + entry->d_name;
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!descriptor || ::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) continue;
    if (is_still_there(path, descriptor.get())) remove(path);
  }
}

}  // namespace mdl::oci
