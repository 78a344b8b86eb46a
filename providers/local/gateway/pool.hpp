#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "providers/local/gateway/asio.hpp"
#include "providers/local/gateway/buffer.hpp"

namespace mdl::local::gateway {

// A connection to a replica.
struct Connection {
  explicit Connection(Executor executor) : socket(executor) {}

  // Waits for more bytes in `in`, of which it holds at most 64 KiB. False: closed or broken, or full.
  Awaitable<bool> more();
  void close();

  Socket socket;
  Buffer in;
  bool used_before = false;
  std::chrono::steady_clock::time_point since;  // in the pool
};

// Idle connections to the replicas of one service, by port.
class Pool {
 public:
  explicit Pool(std::chrono::milliseconds longest_idle) : longest_idle_(longest_idle) {}

  // The one used last, or null. `certain`: only one that the replica has not closed by now.
  std::unique_ptr<Connection> take(std::uint16_t port, bool certain);
  void put(std::uint16_t port, std::unique_ptr<Connection> connection);
  void drop(std::uint16_t port) { idle_.erase(port); }
  void clear() { idle_.clear(); }
  // Closes what is idle for too long; true when some is left.
  bool expire();
  std::size_t size() const;

 private:
  std::chrono::milliseconds longest_idle_;
  std::unordered_map<std::uint16_t, std::vector<std::unique_ptr<Connection>>> idle_;
};

}  // namespace mdl::local::gateway
