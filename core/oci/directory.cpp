#include "core/oci/directory.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>

#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

EntryType from_mode(mode_t mode) {
  if (S_ISREG(mode)) return EntryType::file;
  if (S_ISDIR(mode)) return EntryType::folder;
  return S_ISLNK(mode) ? EntryType::link : EntryType::other;
}

}  // namespace

std::unexpected<Error> system_failure(const std::string& path, std::string_view what) {
  const int code = errno;
  if (code == ENOENT || code == ENOTDIR || code == ELOOP)
    return fail(Error{.kind = ErrorKind::conflict,
                      .message = fmt::format("'{}' changed while it was read", printable(path)),
                      .quoted = std::strerror(code),
                      .resource = path});
  return fail(Error{.kind = ErrorKind::unavailable,
                    .message = fmt::format("'{}' could not be {}", printable(path), what),
                    .quoted = std::strerror(code),
                    .resource = path});
}

Directory::Directory(std::string path, Descriptor descriptor)
    : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

Result<Directory> Directory::open(const std::string& path) {
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor) return system_failure(path, "read");
  return Directory(path, std::move(descriptor));
}

Result<Directory> Directory::enter(const std::string& name) const {
  auto path = path_ + '/' + name;
  Descriptor descriptor(
      ::openat(descriptor_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!descriptor) return system_failure(path, "read");
  return Directory(std::move(path), std::move(descriptor));
}

Result<std::vector<Entry>> Directory::entries() const {
  Descriptor own(::openat(descriptor_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) return system_failure(path_, "read");
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.get()), ::closedir);
  if (!stream) return system_failure(path_, "read");
  own.release();
  std::vector<Entry> found;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    auto type = from_mode(DTTOIF(entry->d_type));
    if (entry->d_type == DT_UNKNOWN) {
      MDL_TRY(const auto known, status(std::string(name)));
      type = from_mode(known.st_mode);
    }
    found.push_back({std::string(name), type});
  }
  if (errno != 0) return system_failure(path_, "read");
  return found;
}

Result<struct stat> Directory::status(const std::string& name) const {
  struct stat status {};
  if (::fstatat(descriptor_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return system_failure(path_ + '/' + name, "read");
  return status;
}

Result<std::string> Directory::link(const std::string& name) const {
  char target[PATH_MAX];
  const auto length = ::readlinkat(descriptor_.get(), name.c_str(), target, sizeof target);
  if (length < 0) return system_failure(path_ + '/' + name, "read");
  return std::string(target, static_cast<std::size_t>(length));
}

bool has_file(const std::vector<Entry>& entries, std::string_view name) {
  return std::ranges::any_of(
      entries, [&](const Entry& entry) { return entry.type == EntryType::file && entry.name == name; });
}

}  // namespace mdl::oci
