#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "providers/local/secrets.hpp"

namespace mdl::local {

namespace {

constexpr std::size_t key_size = 32;

std::unexpected<Error> broken(const std::string& path, const std::string& what, std::string system = {}) {
  return fail(Error{.kind = ErrorKind::failed,
                    .message = "the key that secrets are kept with " + what,
                    .quoted = std::move(system),
                    .resource = path});
}

// Written beside and linked to its name: whoever comes second finds the first one's key.
Result<void> make_key(const std::string& path) {
  std::string key(key_size, '\0');
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
    return broken(path, "cannot be made", std::strerror(errno));
  const auto temporary = path + ".partial-" + std::to_string(::getpid());
  MDL_CHECK(write_file(temporary, key, 0600));
  const int linked = ::link(temporary.c_str(), path.c_str());
  const int error = errno;
  ::unlink(temporary.c_str());
  if (linked != 0 && error != EEXIST) return broken(path, "cannot be made", std::strerror(error));
  return {};
}

}  // namespace

Result<std::string> secret_key_bytes(const Home& home) {
  const auto path = home.secret_key();
  auto key = read_file(path, 4096);
  if (!key && key.error().kind == ErrorKind::not_found) {
    MDL_CHECK(make_key(path));
    key = read_file(path, 4096);
  }
  if (!key) return key;
  if (key->size() < key_size) return broken(path, "is too short");
  return key;
}

}  // namespace mdl::local
