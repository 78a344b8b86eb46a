#include "providers/local/gateway/pool.hpp"

#include <sys/socket.h>

namespace mdl::local::gateway {

namespace {

constexpr std::size_t connection_buffer = 64 * 1024;

// Nothing to read and not closed. Bytes that nobody asked for make a connection unusable too.
bool is_quiet(Socket& socket) {
  char byte = 0;
  return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

Awaitable<bool> Connection::more() {
  const auto room = in.room(connection_buffer);
  if (room.size() == 0) co_return false;
  error_code ec;
  const std::size_t bytes = co_await socket.async_read_some(asio::mutable_buffer(room), into(ec));
  in.commit(bytes);
  co_return bytes > 0;
}

void Connection::close() {
  error_code ignored;
  socket.close(ignored);
}

std::unique_ptr<Connection> Pool::take(std::uint16_t port, bool certain) {
  const auto at = idle_.find(port);
  if (at == idle_.end()) return nullptr;
  const auto oldest = std::chrono::steady_clock::now() - longest_idle_;
  auto& connections = at->second;
  while (!connections.empty()) {
    auto connection = std::move(connections.back());
    connections.pop_back();
    if (connection->since < oldest) {
      connections.clear();  // the others are older still
      return nullptr;
    }
    if (!certain || is_quiet(connection->socket)) return connection;
  }
  return nullptr;
}

void Pool::put(std::uint16_t port, std::unique_ptr<Connection> connection) {
  connection->used_before = true;
  connection->in.shrink();
  connection->since = std::chrono::steady_clock::now();
  idle_[port].push_back(std::move(connection));
}

bool Pool::expire() {
  const auto oldest = std::chrono::steady_clock::now() - longest_idle_;
  bool left = false;
  for (auto& [port, connections] : idle_) {
    std::erase_if(connections, [&](const auto& connection) { return connection->since < oldest; });
    left = left || !connections.empty();
  }
  return left;
}

std::size_t Pool::size() const {
  std::size_t count = 0;
  for (const auto& [port, connections] : idle_) count += connections.size();
  return count;
}

}  // namespace mdl::local::gateway
