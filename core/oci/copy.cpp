#include "core/oci/copy.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "core/oci/descriptor.hpp"
#include "core/oci/directory.hpp"
#include "core/util/digest.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

constexpr std::uint64_t block_size = 1u << 20;

std::unexpected<Error> not_written(const File& file) {
  return fail(Error{.kind = ErrorKind::failed,
                    .message = fmt::format("'{}' could not be written to the artifact", printable(file.path)),
                    .quoted = std::strerror(errno),
                    .resource = file.path});
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Hashes all of `from`, and writes it to `to` unless that is -1.
Result<Digest> transfer(const File& file, int from, int to) {
  std::string block(std::clamp<std::uint64_t>(file.bytes + 1, 4096, block_size), '\0');
  Sha256 hash;
  for (;;) {
    const auto got = ::read(from, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(file.path, "read");
    if (got == 0) return hash.finish();
    const auto bytes = std::string_view(block).substr(0, static_cast<std::size_t>(got));
    hash.update(bytes);
    if (to >= 0 && !write_all(to, bytes)) return not_written(file);
  }
}

Result<Digest> copy(const File& file, int descriptor) {
  const Descriptor source(::open(file.source.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!source) return system_failure(file.path, "read");
  // After a reflink nobody else can change the bytes any more: they are hashed then.
  if (::ioctl(descriptor, FICLONE, source.get()) == 0) return transfer(file, descriptor, -1);
  return transfer(file, source.get(), descriptor);
}

}  // namespace

Result<void> write_bytes(const File& file, int descriptor) {
  if (file.source.empty()) {
    if (!write_all(descriptor, file.content)) return not_written(file);
  } else {
    MDL_TRY(const auto digest, copy(file, descriptor));
    if (digest != file.sha256)
      return fail(Error{.kind = ErrorKind::conflict,
                        .message = fmt::format("'{}' changed after it was planned", printable(file.path)),
                        .resource = file.path});
  }
  if (::fchmod(descriptor, file.executable ? 0555 : 0444) != 0) return not_written(file);
  return {};
}

}  // namespace mdl::oci
