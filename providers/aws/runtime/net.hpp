#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "core/util/error.hpp"

// Sockets and time. What every blocking call ends by: a deadline, or a descriptor that becomes readable.
namespace mdl::aws::runtime {

using Millis = std::int64_t;
inline constexpr Millis never = std::numeric_limits<Millis>::max();
Millis now();        // monotonic
Millis wall_time();  // since 1970

// A port of 127.0.0.1 on which nobody listens; 8080 when the system gives none.
int free_port();

struct Address {
  std::string host;
  int port = 0;
  // "127.0.0.1:9001", "localhost:9001", "sandbox:80"; 80 when there is no port.
  static Address parse(std::string_view text);
};

// A TCP connection with what was received and not yet read. Errors say what happened in `code`: "refused",
// "closed", "timeout", "interrupted" (the descriptor became readable), "failed".
class Connection {
 public:
  Connection(Address address, int interrupt) : address_(std::move(address)), interrupt_(interrupt) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(); }

  // Makes the connection, or keeps the one there is, unless the other side has ended it meanwhile.
  Result<void> open(Millis deadline);
  void close();
  bool is_open() const { return socket_ >= 0; }
  bool is_reused() const { return reused_; }  // the one there was, in the last `open`

  Result<void> send(std::string_view bytes, Millis deadline);
  // What was received and not consumed; waits for more when that is no more than `have` bytes. At the end of
  // the stream: what there is, unchanged.
  Result<std::string_view> more(std::size_t have, Millis deadline);
  void consume(std::size_t bytes);
  // Whether the other side has sent or ended something.
  bool has_news() const;

 private:
  Result<void> connect(Millis deadline);
  Result<void> wait(short events, Millis deadline);
  std::unexpected<Error> broken(std::string_view code, std::string_view what);

  Address address_;
  int interrupt_ = -1, socket_ = -1;
  bool reused_ = false;
  std::string buffer_;
  std::size_t begin_ = 0;
};

}  // namespace mdl::aws::runtime
