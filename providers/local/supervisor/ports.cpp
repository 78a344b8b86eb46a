#include "providers/local/supervisor/ports.hpp"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mdl::local::supervisor {

namespace {

constexpr std::uint16_t first_port = 20'000, last_port = 32'000;

std::unexpected<Error> no_port(const char* code, const char* system) {
  return fail(Error{.kind = ErrorKind::failed,
                    .message = "no port can be had for a replica",
                    .code = code,
                    .quoted = system});
}

// Whether the port can be listened on, on all addresses: a service may well bind to 0.0.0.0.
Result<bool> is_free(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return no_port("no-descriptors", std::strerror(errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const int one = 1;  // connections that are being closed do not matter: servers set this too
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const bool bound = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const bool free = bound && ::listen(descriptor, 1) == 0;
  ::close(descriptor);
  return free;
}

}  // namespace

// Supervisors of one machine begin far from each other, also with neighbouring process ids: a port that one
// has given to a replica looks free to another until the replica listens.
Ports::Ports()
    : next_(static_cast<std::uint16_t>(first_port + ::getpid() * 7919LL % (last_port - first_port))) {}

Result<std::uint16_t> Ports::take() {
  for (int tries = 0; tries < last_port - first_port; ++tries) {
    const auto port = next_;
    next_ = next_ + 1 >= last_port ? first_port : static_cast<std::uint16_t>(next_ + 1);
    if (used_.contains(port)) continue;
    MDL_TRY(const bool free, is_free(port));
    if (!free) continue;
    used_.insert(port);
    return port;
  }
  return no_port("no-port", "all are taken");
}

}  // namespace mdl::local::supervisor
