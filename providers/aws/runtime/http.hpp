#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/util/error.hpp"
#include "providers/aws/runtime/message.hpp"
#include "providers/aws/runtime/net.hpp"

// HTTP/1.1 as a client speaks it. Errors besides those of Connection: code "malformed", and "cut" when the
// other side ended in the middle of an answer.
namespace mdl::aws::runtime {

// Request line and headers; Content-Length when there is a body or the method usually has one.
std::string format_head(const Request& request);

// One answer, read piece by piece.
class Incoming {
 public:
  // Reads the head; informational answers (1xx) are passed over. `head_request`: the answer has no body.
  static Result<Incoming> begin(Connection& connection, bool head_request, Millis deadline);

  int status() const { return status_; }
  const Headers& headers() const { return headers_; }
  // The next piece of the body, "" at its end. Valid until the next call.
  Result<std::string_view> next(Millis deadline);
  // The rest of the body. Error: code "large" when it has more than `most` bytes.
  Result<std::string> rest(std::uint64_t most, Millis deadline);
  // Whether the connection can be used for another request, once the end was reached.
  bool keeps_alive() const { return keep_alive_ && framing_ != Framing::until_closed; }

 private:
  enum class Framing { none, length, chunked, until_closed };
  explicit Incoming(Connection& connection) : connection_(&connection) {}
  Result<void> read_head(Millis deadline);
  Result<void> parse(std::string_view head);
  Result<void> choose_framing(bool head_request);
  Result<std::string> line(Millis deadline);
  Result<bool> next_chunk(Millis deadline);  // false at the last one

  Connection* connection_;
  int status_ = 0;
  Headers headers_;
  Framing framing_ = Framing::none;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  std::size_t given_ = 0;   // bytes that `next` gave and that are not consumed
  bool keep_alive_ = true, ended_ = false, in_chunk_ = false;
};

}  // namespace mdl::aws::runtime
