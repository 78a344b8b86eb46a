#pragma once

#include <array>
#include <functional>
#include <memory>

#include "providers/local/gateway/asio.hpp"
#include "providers/local/gateway/buffer.hpp"
#include "providers/local/gateway/signal.hpp"

namespace mdl::local::gateway {

using Buffers = std::array<asio::const_buffer, 4>;
// GCC 12 miscompiles braced arrays in co_await expressions.
inline Buffers gather(asio::const_buffer a, asio::const_buffer b = {}, asio::const_buffer c = {}) {
  return {a, b, c};
}

// Writes all of `buffers`. Tries without waiting first: most answers fit into the socket's buffer, and then
// there is no way through the event loop. False: the connection is broken.
Awaitable<bool> write_all(Socket& socket, Buffers buffers);
// The part of it that does not wait; what was written is taken off `buffers`. True: all of it.
bool write_now(Socket& socket, Buffers& buffers, error_code& ec);

// A client's connection: its socket and what was read ahead.
class Client {
 public:
  Client(Socket connection, std::size_t limit)
      : socket(std::move(connection)), arrived_(socket.get_executor()), limit_(limit) {}

  // Reads ahead in the background until unwatch() or more(), so that a client that leaves is noticed while
  // its request is at a replica; `left` is called then. `owner` lives as long as a read. Until unwatch()
  // views of `in` are not safe; a read that is under way at unwatch() still adds to it, without moving what
  // is there.
  void watch(std::shared_ptr<void> owner);
  void unwatch() { watching_ = false; }
  // Waits for more bytes in `in`. False: none will come, or it was interrupted.
  Awaitable<bool> more(std::shared_ptr<void> owner);
  void interrupt();  // ends more() and what reads or writes now
  // Waits until no read is under way.
  Awaitable<void> settle();
  // Gives the socket away, without closing it, once no read is under way; -1 when that fails.
  int release();
  void preload(std::string_view bytes);  // as if they had been read
  void close();

  bool gone() const { return gone_; }
  bool reading() const { return reading_; }

  Socket socket;
  Buffer in;
  std::function<void()> left;

 private:
  void read(std::shared_ptr<void> owner);
  void on_read(const error_code& ec, std::size_t bytes, std::shared_ptr<void> owner);

  Signal arrived_;
  std::size_t limit_;
  bool reading_ = false, watching_ = false, waiting_ = false, gone_ = false;
};

}  // namespace mdl::local::gateway
