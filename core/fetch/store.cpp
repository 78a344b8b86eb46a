#include "core/fetch/store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::fetch {

namespace {

std::string tag_file(const std::string& path) { return path + ".tag"; }

bool is_still_there(const std::string& path, int descriptor) {
  struct stat named {
  }, open{};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(descriptor, &open) == 0 &&
         named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

}  // namespace

bool is_stored(const std::string& store, const std::string& sha256) {
  struct stat status {};
  return ::lstat((store + '/' + sha256).c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

Incoming::Incoming(std::string store, std::string sha256, oci::Descriptor descriptor, std::uint64_t bytes)
    : wanted_(std::move(store) + '/' + std::move(sha256)),
      path_(wanted_ + std::string(incoming_mark)),
      descriptor_(std::move(descriptor)),
      bytes_(bytes) {}

Result<std::optional<Incoming>> Incoming::open(const std::string& store, const std::string& sha256,
                                               const std::function<Busy()>& on_busy) {
  MDL_CHECK(make_folders(store));
  const auto path = store + '/' + sha256 + std::string(incoming_mark);
  while (!is_stored(store, sha256)) {
    oci::Descriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!descriptor)
      return fail(Error{.kind = ErrorKind::failed,
                        .message = "weights cannot be fetched into the store",
                        .quoted = std::strerror(errno),
                        .resource = path});
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR)
        return fail(Error{.kind = ErrorKind::failed,
                          .message = "the file system of the store cannot lock files",
                          .quoted = std::strerror(errno),
                          .resource = path});
      if (on_busy() == Busy::give_up)
        return fail(ErrorKind::interrupted, "interrupted while another deploy fetches the same file");
      continue;
    }
    struct stat status {};
    // The other one may have finished between the opening and the locking.
    if (::fstat(descriptor.get(), &status) != 0 || !is_still_there(path, descriptor.get())) continue;
    return Incoming(store, sha256, std::move(descriptor), static_cast<std::uint64_t>(status.st_size));
  }
  return std::nullopt;
}

std::string Incoming::tag() const { return read_file(tag_file(path_), 1024).value_or(""); }

void Incoming::set_tag(const std::string& tag) {
  // Without it a fetch that goes on asks for a range of whatever is there now, and the digest decides.
  if (tag.empty() || tag.size() > 1024)
    ::unlink(tag_file(path_).c_str());
  else
    (void)write_file(tag_file(path_), tag, 0600);
}

std::unexpected<Error> Incoming::not_written() const {
  const int number = errno;
  Error error{.kind = ErrorKind::failed,
              .message = "the fetched weights cannot be written",
              .code = number == ENOSPC || number == EDQUOT ? "ENOSPC" : "",
              .quoted = std::strerror(number),
              .resource = path_};
  if (!error.code.empty())
    error.message = fmt::format("the disk of {} is full; {} are kept, and the next deploy goes on from there",
                                printable(path_.substr(0, path_.rfind('/'))), readable_bytes(bytes_));
  return fail(std::move(error));
}

Result<void> Incoming::read(const std::function<void(std::string_view)>& on_bytes) const {
  std::string block(std::min<std::uint64_t>(bytes_ + 1, 1u << 20), '\0');
  for (std::uint64_t at = 0; at < bytes_;) {
    const auto got = ::pread(descriptor_.get(), block.data(),
                             std::min<std::uint64_t>(block.size(), bytes_ - at), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      return fail(Error{.kind = ErrorKind::unavailable,
                        .message = "what was fetched before cannot be read",
                        .quoted = got < 0 ? std::strerror(errno) : "",
                        .resource = path_});
    on_bytes(std::string_view(block).substr(0, static_cast<std::size_t>(got)));
    at += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<void> Incoming::append(std::string_view bytes) {
  const auto written = write_at(descriptor_.get(), bytes, bytes_);
  bytes_ += written;
  return written == bytes.size() ? Result<void>() : not_written();
}

Result<void> Incoming::clear() {
  if (::ftruncate(descriptor_.get(), 0) != 0) return not_written();
  bytes_ = 0;
  set_tag("");
  return {};
}

Result<void> Incoming::publish() {
  // A name in the store is believed, so the bytes are on the disk first.
  if (::fchmod(descriptor_.get(), 0444) != 0 || ::fdatasync(descriptor_.get()) != 0 ||
      ::rename(path_.c_str(), wanted_.c_str()) != 0)
    return not_written();
  ::unlink(tag_file(path_).c_str());
  return {};
}

void Incoming::discard() {
  ::unlink(tag_file(path_).c_str());
  ::unlink(path_.c_str());
}

}  // namespace mdl::fetch
