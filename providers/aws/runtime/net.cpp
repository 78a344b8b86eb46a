#include "providers/aws/runtime/net.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mdl::aws::runtime {

namespace {

constexpr std::size_t block = 64u << 10;

Millis clock_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return Millis{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

// A name without the resolver, whose plug-ins a static program cannot load: numbers, localhost and
// /etc/hosts.
bool resolve(const std::string& host, in_addr& address) {
  if (::inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &address) == 1) return true;
  const int file = ::open("/etc/hosts", O_RDONLY | O_CLOEXEC);
  std::string text(block, '\0');
  const auto size = file < 0 ? 0 : std::max<ssize_t>(0, ::read(file, text.data(), text.size()));
  if (file >= 0) ::close(file);
  text.resize(static_cast<std::size_t>(size));
  for (std::size_t line = 0; line < text.size();) {
    const auto end = std::min(text.find('\n', line), text.size());
    auto words = text.substr(line, end - line) + ' ';
    std::ranges::replace(words, '\t', ' ');
    const auto number = words.substr(0, words.find(' '));
    if (words.find(' ' + host + ' ') != std::string::npos &&
        ::inet_pton(AF_INET, number.c_str(), &address) == 1)
      return true;
    line = end + 1;
  }
  return false;
}

}  // namespace

int free_port() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  const bool bound =
      socket >= 0 && ::bind(socket, plain, size) == 0 && ::getsockname(socket, plain, &size) == 0;
  if (socket >= 0) ::close(socket);
  return bound ? ntohs(address.sin_port) : 8080;
}

Millis now() { return clock_of(CLOCK_MONOTONIC); }
Millis wall_time() { return clock_of(CLOCK_REALTIME); }

Address Address::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  Address address{.host = std::string(text.substr(0, colon)), .port = 80};
  if (colon != std::string_view::npos)
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), address.port);
  return address;
}

std::unexpected<Error> Connection::broken(std::string_view code, std::string_view what) {
  Error error{.kind = code == "timeout" ? ErrorKind::timeout : ErrorKind::unavailable,
              .message = std::string(what) + ' ' + address_.host + ':' + std::to_string(address_.port),
              .code = std::string(code)};
  close();
  return fail(std::move(error));
}

void Connection::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  buffer_.clear();
  begin_ = 0;
}

bool Connection::has_news() const {
  pollfd poll{.fd = socket_, .events = POLLIN, .revents = 0};
  return begin_ < buffer_.size() || (::poll(&poll, 1, 0) > 0 && poll.revents != 0);
}

Result<void> Connection::open(Millis deadline) {
  // An idle connection on which something arrives is ended or out of step.
  if (is_open() && has_news()) close();
  reused_ = is_open();
  return reused_ ? Result<void>() : connect(deadline);
}

Result<void> Connection::connect(Millis deadline) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(address_.port));
  if (!resolve(address_.host, to.sin_addr)) return broken("failed", "there is no address of");
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0) return broken("failed", "no socket for");
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return {};
  if (errno != EINPROGRESS) return broken(errno == ECONNREFUSED ? "refused" : "failed", "no connection to");
  MDL_CHECK(wait(POLLOUT, deadline));
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return broken(error == ECONNREFUSED ? "refused" : "failed", "no connection to");
  // Without a listener the system can give the very port that is asked for to this socket, which then talks
  // to itself.
  sockaddr_in own{};
  size = sizeof own;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
  if (own.sin_port == to.sin_port && own.sin_addr.s_addr == to.sin_addr.s_addr)
    return broken("refused", "no connection to");
  return {};
}

Result<void> Connection::wait(short events, Millis deadline) {
  for (;;) {
    const auto left = deadline == never ? -1 : std::clamp<Millis>(deadline - now(), 0, 3'600'000);
    std::array<pollfd, 2> polled{{{.fd = socket_, .events = events, .revents = 0},
                                  {.fd = interrupt_, .events = POLLIN, .revents = 0}}};
    const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left));
    if (polled[0].revents != 0) return {};
    if (ready > 0 && polled[1].revents != 0) return broken("interrupted", "stopped while waiting for");
    if (ready == 0 && deadline != never && now() >= deadline)
      return broken("timeout", "no answer in time from");
    if (ready < 0 && errno != EINTR) return broken("failed", "cannot wait for");
  }
}

Result<void> Connection::send(std::string_view bytes, Millis deadline) {
  while (!bytes.empty()) {
    if (!is_open()) return broken("closed", "the connection was ended by");
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno == EAGAIN)
      MDL_CHECK(wait(POLLOUT, deadline));
    else if (errno != EINTR)
      return broken("closed", "the connection was ended by");
  }
  return {};
}

Result<std::string_view> Connection::more(std::size_t have, Millis deadline) {
  while (buffer_.size() - begin_ <= have) {
    if (!is_open()) return broken("closed", "the connection was ended by");
    if (begin_ > 0) buffer_.erase(0, std::exchange(begin_, 0));
    const auto size = buffer_.size();
    buffer_.resize(size + block);
    const auto got = ::recv(socket_, buffer_.data() + size, block, 0);
    const int error = errno;
    buffer_.resize(size + static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    if (got > 0) continue;
    if (got == 0) break;
    if (error == EAGAIN)
      MDL_CHECK(wait(POLLIN, deadline));
    else if (error != EINTR)
      return broken("closed", "the connection was ended by");
  }
  return std::string_view(buffer_).substr(begin_);
}

void Connection::consume(std::size_t bytes) { begin_ += bytes; }

}  // namespace mdl::aws::runtime
