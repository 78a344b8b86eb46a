#include "providers/local/supervisor/ports.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace mdl::local::supervisor {

namespace {

constexpr std::uint16_t first_port = 20'000, last_port = 32'000;

constexpr const char* no_descriptors = "no-descriptors";

std::unexpected<Error> no_port(const char* code, const char* system) {
  return fail(Error{.kind = ErrorKind::failed,
                    .message = "no port can be had for a replica",
                    .code = code,
                    .quoted = system});
}

// Whether the port can be listened on, on all addresses: a service may well bind to 0.0.0.0.
Result<bool> is_free(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return no_port(no_descriptors, std::strerror(errno));
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

// A socket with the port's abstract name, which goes with the last process that has it; -1: another one has.
Result<int> claim(std::uint16_t port) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return no_port(no_descriptors, std::strerror(errno));
  const auto name = "mdl-port-" + std::to_string(port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size) == 0) return descriptor;
  ::close(descriptor);
  return -1;
}

}  // namespace

// Supervisors of one machine begin far from each other, also with neighbouring process ids.
Ports::Ports()
    : next_(static_cast<std::uint16_t>(first_port + ::getpid() * 7919LL % (last_port - first_port))) {}

Result<std::uint16_t> Ports::take() {
  for (int tries = 0; tries < last_port - first_port; ++tries) {
    const auto port = next_;
    next_ = next_ + 1 >= last_port ? first_port : static_cast<std::uint16_t>(next_ + 1);
    if (names_.contains(port)) continue;
    MDL_TRY(const int name, claim(port));
    if (name < 0) continue;
    const auto free = is_free(port);
    if (free && *free) {
      names_.emplace(port, name);
      return port;
    }
    ::close(name);
    if (!free) return fail(free.error());
  }
  return no_port("no-port", "all are taken");
}

void Ports::give_back(std::uint16_t port) {
  const auto found = names_.find(port);
  if (found == names_.end()) return;
  ::close(found->second);
  names_.erase(found);
}

Value Ports::hand_over(Handover& handover) const {
  auto list = Value::array();
  for (const auto& [port, name] : names_) list.push(Value::array({int{port}, handover.keep(name)}));
  return list;
}

void Ports::take_over(const Value& value) {
  for (const auto& one : value.as_array())
    if (const auto& pair = one.as_array(); pair.size() >= 2)
      names_.emplace(static_cast<std::uint16_t>(pair[0].as_integer()),
                     static_cast<int>(pair[1].as_integer()));
}

void Ports::abandon() {
  for (const auto& [port, name] : names_) ::close(name);
  names_.clear();
}

}  // namespace mdl::local::supervisor
