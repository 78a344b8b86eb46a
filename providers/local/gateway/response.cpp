#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "providers/local/gateway/exchange.hpp"

namespace mdl::local::gateway {

Awaitable<bool> Exchange::to_client(Buffers buffers) {
  error_code ec;
  if (write_now(client_.socket, buffers, ec)) co_return true;
  if (!ec) {
    stall_.set(session_.context().options.stall);
    co_await asio::async_write(client_.socket, buffers, into(ec));
    stall_.clear();
  }
  co_return !ec;
}

Awaitable<Exchange::Failure> Exchange::receive() {
  bool any = false;
  for (;;) {
    response_.emplace();
    response_->header_limit(static_cast<std::uint32_t>(session_.context().options.header_limit));
    response_->body_limit(boost::none);
    if (head_) response_->skip(true);
    while (!response_->is_header_done()) {
      Buffer& in = connection_->in;
      error_code ec = http::error::need_more;
      if (!in.empty()) in.consume(response_->put(asio::const_buffer(in.data(), in.size()), ec));
      if (!ec) continue;
      if (ec != http::error::need_more)
        co_return bad_gateway(fmt::format("release {} sent a broken response: {}", release(), ec.message()));
      if (co_await connection_->more()) {
        any = true;
        continue;
      }
      if (bad_body_ && !client_.gone() && !stalled_)
        co_return bad_request("the request's body has broken chunks");
      if (stopped_) co_return interrupted();
      if (!any && repeatable()) co_return Answer{.status = connection_->used_before ? try_again : try_other};
      co_return closed();
    }
    // 100 Continue was said already; other interim responses are hints that nobody needs.
    const auto status = response_->get().result_int();
    if (status < 100)  // "024" is three digits too
      co_return bad_gateway(fmt::format("release {} sent a broken response: bad status", release()));
    if (status / 100 != 1 || status == 101) break;
  }
  deadline_.clear();
  co_return std::nullopt;
}

Framing Exchange::response_framing() const {
  if (response_->is_done()) return Framing::none;
  if (response_->content_length()) return Framing::length;
  return http10_ ? Framing::until_close : Framing::chunked;
}

Awaitable<Exchange::After> Exchange::relay() {
  const auto status = response_->get().result_int();
  if (status == 101) {
    if (upgrade_) co_return co_await tunnel();
    co_return co_await answer(bad_gateway(fmt::format("release {} switched protocols unasked", release())));
  }
  const auto encoding = response_->get()[http::field::transfer_encoding];
  if (!encoding.empty() && !boost::beast::iequals(encoding, "chunked")) {
    co_return co_await answer(
        bad_gateway(fmt::format("release {} used a transfer encoding other than chunked", release())));
  }
  framing_ = response_framing();
  // A request whose body is not in yet may never come to its end once it is answered.
  if (framing_ == Framing::until_close || session_.closing() || !request_.is_done()) keep_client_ = false;
  session_.out.clear();
  append_response_head(
      session_.out, response_->get(),
      {.release = release(), .framing = framing_, .keep_alive = keep_client_, .http10 = http10_});
  const bool complete = co_await relay_body();
  const bool body_read = request_.is_done();
  co_await join_pump();
  if (!complete && client_.gone()) {
    finish(status >= 500, false);
    co_return After::close;
  }
  finish(status >= 500 || !complete, complete);
  if (complete) release_connection();
  if (!complete) co_return After::close;  // the client must see that something is missing
  if (!body_read || (!keep_client_ && !client_.in.empty())) co_return After::linger;
  co_return keep_client_ ? After::keep : After::close;
}

// Each piece goes on as it comes, the head with the first. False: cut short, by either side.
Awaitable<bool> Exchange::relay_body() {
  std::string& head = session_.out;
  for (bool first = true;; first = false) {
    const auto piece = response_->is_done() ? BodyPiece{} : take_piece(*response_, connection_->in);
    const bool last = response_->is_done();
    if (!piece.data.empty() || first || last) {
      std::string_view end;
      if (framing_ == Framing::chunked) {
        const bool data = !piece.data.empty();
        if (data) append_chunk_size(head, piece.data.size());
        end = last ? (data ? "\r\n0\r\n\r\n" : "0\r\n\r\n") : (data ? "\r\n" : "");
      }
      Buffers buffers{asio::buffer(head), asio::buffer(piece.data), asio::buffer(end)};
      error_code ec;
      if (!write_now(client_.socket, buffers, ec) && (ec || !co_await to_client(buffers))) {
        client_.close();
        co_return false;
      }
      head.clear();
    }
    if (piece.bad) co_return false;
    if (last) co_return true;
    if (co_await connection_->more()) continue;
    if (stopped_) co_return false;
    error_code ec;
    response_->put_eof(ec);  // an end by close is an end only without a length
    if (ec) co_return false;
  }
}

void Exchange::release_connection() {
  const bool usable =
      body_sent_ && !stopped_ && response_->keep_alive() && !response_->need_eof() && connection_->in.empty();
  if (usable) {
    service_.keep(replica(), std::move(connection_));
  } else {
    connection_.reset();
  }
}

}  // namespace mdl::local::gateway
