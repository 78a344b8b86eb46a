#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>

#include "providers/local/gateway/exchange.hpp"

namespace mdl::local::gateway {

// Whether a replica may get the request twice without harm, and we still have all of it.
bool Exchange::repeatable() const {
  if (request_framing_ != Framing::none) return false;
  switch (request_.get().method()) {
    case http::verb::get:
    case http::verb::head:
    case http::verb::options:
    case http::verb::put:
    case http::verb::delete_:
    case http::verb::trace:
      return true;
    default:
      return false;
  }
}

Buffers Exchange::framed(std::string& head, const BodyPiece& piece, bool last) const {
  if (request_framing_ != Framing::chunked) return {asio::buffer(head), asio::buffer(piece.data)};
  const bool data = !piece.data.empty();
  if (data) append_chunk_size(head, piece.data.size());
  const std::string_view end = last ? (data ? "\r\n0\r\n\r\n" : "0\r\n\r\n") : (data ? "\r\n" : "");
  return {asio::buffer(head), asio::buffer(piece.data), asio::buffer(end)};
}

// The header and what has arrived of the body, at once. The rest follows beside the wait for the response,
// which may come first.
Awaitable<Exchange::Failure> Exchange::send() {
  client_.unwatch();
  session_.out.clear();
  append_request_head(
      session_.out, request_.get(),
      {.framing = request_framing_,
       .length = request_.content_length() ? std::optional<std::uint64_t>(*request_.content_length())
                                           : std::nullopt,
       .upgrade = upgrade_,
       .port = service_.port()});
  BodyPiece piece;
  if (!body_sent_) {
    const bool expects = !http10_ && has_token({request_.get()[http::field::expect].data(),
                                                request_.get()[http::field::expect].size()},
                                               "100-continue");
    if (expects && client_.in.empty() &&
        !co_await to_client(gather(asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")))))
      co_return Answer{.status = client_left};
    piece = take_piece(request_, client_.in);
    if (piece.bad) {
      bad_body_ = true;
      co_return bad_request("the request's body has broken chunks");
    }
  }
  const bool last = request_.is_done();
  auto buffers = framed(session_.out, piece, last);
  error_code ec;
  if (!write_now(connection_->socket, buffers, ec) && !ec)
    co_await asio::async_write(connection_->socket, buffers, into(ec));
  if (stopped_) co_return interrupted();
  // A broken connection shows in the read that follows: the replica may have answered before it closed.
  if (last) {
    body_sent_ = !ec;
    client_.watch(owner());
    co_return std::nullopt;
  }
  if (ec) co_return std::nullopt;
  deadline_.clear();
  pumping_ = true;
  asio::co_spawn(session_.context().executor, pump(), [this, keep = owner()](const std::exception_ptr&) {
    pumping_ = false;
    pump_ended_.notify();
  });
  co_return std::nullopt;
}

Awaitable<void> Exchange::pump() {
  std::string head;
  error_code ec;
  while (!request_.is_done() && !ec && !pump_stops_) {
    stall_.set(session_.context().options.stall);
    awaiting_body_ = true;
    const bool more = co_await client_.more(owner());
    awaiting_body_ = false;
    const auto piece = more ? take_piece(request_, client_.in) : BodyPiece{.bad = true};
    if (piece.bad) {  // broken chunks, a chunk's line longer than the buffer, or an interruption
      bad_body_ = true;
      if (client_.gone()) stopped_ = true;
      connection_->close();
      break;
    }
    head.clear();
    auto buffers = framed(head, piece, request_.is_done());
    if (!write_now(connection_->socket, buffers, ec) && !ec)
      co_await asio::async_write(connection_->socket, buffers, into(ec));
  }
  stall_.clear();
  if (bad_body_ || pump_stops_) co_return;
  body_sent_ = !ec;  // a replica that closed may have answered before: that is still read
  if (!response_ || !response_->is_header_done()) deadline_.set(service_.scheduler.route().timeout);
  client_.watch(owner());
}

Awaitable<void> Exchange::join_pump() {
  if (!pumping_) co_return;
  pump_stops_ = true;
  stall_.clear();
  if (connection_) connection_->close();
  client_.interrupt();
  while (pumping_) co_await pump_ended_.wait();
}

}  // namespace mdl::local::gateway
