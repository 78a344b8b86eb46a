#include "providers/local/store_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

#include "core/util/files.hpp"

namespace mdl::local {

namespace {

Result<int> open_lock(const Home& home) {
  MDL_CHECK(make_folders(home.root));
  const auto path = home.root + "/store.lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor >= 0) return descriptor;
  return fail(Error{.kind = ErrorKind::failed,
                    .message = "the store of artifacts cannot be used",
                    .quoted = std::strerror(errno),
                    .resource = path});
}

}  // namespace

Result<StoreLock> StoreLock::shared(const Home& home) {
  MDL_TRY(const int descriptor, open_lock(home));
  while (::flock(descriptor, LOCK_SH) != 0 && errno == EINTR) {
  }
  return StoreLock(descriptor);
}

Result<StoreLock> StoreLock::exclusive(const Home& home) {
  MDL_TRY(const int descriptor, open_lock(home));
  StoreLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  return fail(
      Error{.kind = ErrorKind::conflict,
            .message = "a deploy is under way on this machine, and what it has made is not pinned yet",
            .code = "busy",
            .resource = home.artifacts(),
            .next = {"mdl gc"}});
}

StoreLock::StoreLock(StoreLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

StoreLock& StoreLock::operator=(StoreLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

StoreLock::~StoreLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace mdl::local
