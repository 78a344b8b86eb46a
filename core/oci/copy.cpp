#include "core/oci/copy.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "core/oci/descriptor.hpp"
#include "core/oci/directory.hpp"
#include "core/oci/read_ahead.hpp"
#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

std::unexpected<Error> not_written(const std::string& path) {
  return fail(Error{.kind = ErrorKind::failed,
                    .message = fmt::format("'{}' could not be written to the artifact", printable(path)),
                    .quoted = std::strerror(errno),
                    .resource = path});
}

// Hashes all of `from`, and writes it to `to` unless that is -1.
Result<Digest> transfer(const std::string& path, std::uint64_t bytes, int from, int to) {
  ReadAhead blocks(from, bytes);
  Sha256 hash;
  for (auto block = blocks.next(); !block.empty(); block = blocks.next()) {
    hash.update(block);
    if (to >= 0 && !write_all(to, block)) return not_written(path);
  }
  if (blocks.error() == 0) return hash.finish();
  errno = blocks.error();
  return system_failure(path, "read");
}

Result<Digest> copy(const File& file, int descriptor) {
  const Descriptor source(::open(file.source.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!source) return system_failure(file.path, "read");
  return copy_bytes(file.path, file.bytes, source.get(), descriptor);
}

}  // namespace

bool clone_file(int from, int to) { return ::ioctl(to, FICLONE, from) == 0; }

Result<Digest> hash_bytes(const std::string& path, std::uint64_t bytes, int descriptor) {
  return transfer(path, bytes, descriptor, -1);
}

Result<Digest> copy_bytes(const std::string& path, std::uint64_t bytes, int from, int to) {
  // After a reflink nobody else can change the bytes any more: they are hashed then.
  if (clone_file(from, to)) return transfer(path, bytes, to, -1);
  return transfer(path, bytes, from, to);
}

Result<void> write_bytes(const File& file, int descriptor) {
  if (file.source.empty()) {
    if (!write_all(descriptor, file.content)) return not_written(file.path);
  } else {
    MDL_TRY(const auto digest, copy(file, descriptor));
    if (digest != file.sha256)
      return fail(Error{.kind = ErrorKind::conflict,
                        .message = fmt::format("'{}' changed after it was planned", printable(file.path)),
                        .resource = file.path});
  }
  if (::fchmod(descriptor, file.executable ? 0555 : 0444) != 0) return not_written(file.path);
  return {};
}

}  // namespace mdl::oci
