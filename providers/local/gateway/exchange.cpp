#include "providers/local/gateway/exchange.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <fmt/format.h>

#include "core/util/text.hpp"

namespace mdl::local::gateway {

namespace {

constexpr std::size_t longest_client = 64;

// "0.25 s", "30 s"
std::string seconds(std::chrono::nanoseconds time) {
  return fmt::format("{:.3g} s", std::chrono::duration<double>(time).count());
}

std::chrono::milliseconds millis(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

}  // namespace

Exchange::Exchange(Session& session)
    : session_(session),
      service_(session.service()),
      client_(session.client),
      request_(session.request()),
      turn_(session.context().executor),
      pump_ended_(session.context().executor),
      deadline_(*session.context().deadlines, [this] { interrupt(); }),
      stall_(*session.context().deadlines, [this] {
        stalled_ = awaiting_body_;
        client_.interrupt();
        interrupt();
      }) {}

Exchange::~Exchange() { service_.scheduler.leave(*this); }

void Exchange::interrupt() {
  stopped_ = true;
  if (connection_) connection_->close();
  turn_.notify();
}

Awaitable<Exchange::After> Exchange::run() {
  if (auto failure = inspect()) co_return co_await answer(std::move(*failure));
  deadline_.set(service_.scheduler.route().timeout);
  Failure failure;
  if (const auto turn = service_.scheduler.enter(*this); turn == Scheduler::Turn::held) {
    failure = co_await wait_turn();
  } else if (turn != Scheduler::Turn::placed) {
    failure = full();
  }
  for (bool first = true; !failure; first = false) {
    placed_ = session_.context().clock.elapsed();
    failure = co_await reach(!first);
    if (!failure) failure = co_await send();
    if (!failure) failure = co_await receive();
    if (!failure) co_return co_await relay();
    if (failure->status != try_again && failure->status != try_other) break;
    if (!first) {
      failure = closed();
    } else if (failure->status == try_again) {
      failure.reset();
    } else {
      failure = co_await to_other();
    }
  }
  co_return co_await answer(std::move(*failure));
}

// To another replica, but never again to the one that closed: what it was sent may be why.
Awaitable<Exchange::Failure> Exchange::to_other() {
  connection_.reset();
  const auto turn = service_.scheduler.move(*this);
  if (turn == Scheduler::Turn::nothing_live) co_return closed();
  if (turn == Scheduler::Turn::held) co_return co_await wait_turn();
  co_return std::nullopt;
}

Answer Exchange::closed() const {
  return bad_gateway(
      fmt::format("a replica of release {} closed the connection without an answer", release()));
}

Exchange::Failure Exchange::inspect() {
  const auto& request = request_.get();
  head_ = request.method() == http::verb::head;
  http10_ = request.version() == 10;
  keep_client_ = request_.keep_alive();
  if (request_.chunked()) {
    request_framing_ = Framing::chunked;
  } else if (!request_.is_done()) {
    request_framing_ = Framing::length;
  }
  body_sent_ = request_.is_done();
  upgrade_ = request_.upgrade() && !http10_ && body_sent_ && !request[http::field::upgrade].empty();
  if (request.method() == http::verb::connect)
    return Answer{.status = 405, .code = "method-not-allowed", .message = "CONNECT is not served here"};
  return std::nullopt;
}

Answer Exchange::full() const {
  if (service_.removed() || service_.scheduler.route().split.empty())
    return unavailable("nothing-live", "no release is live");
  return unavailable("busy", fmt::format("all replicas of release {} are busy and {} requests wait already",
                                         release(), service_.scheduler.held()));
}

// `retries`: not only when a replica gets free, but also at those that refused.
Awaitable<Exchange::Failure> Exchange::wait_turn(bool retries) {
  client_.watch(owner());
  Deadline pause(*session_.context().deadlines, [this] { turn_.notify(); });
  while (phase() == Phase::held && !stopped_) {
    if (retries) pause.set(session_.context().options.refused_pause);
    co_await turn_.wait();
    if (retries && !stopped_ && !pause.is_linked()) service_.scheduler.retry(*this);
  }
  if (stopped_) co_return interrupted();
  if (phase() == Phase::refused) co_return full();
  co_return std::nullopt;
}

// A pooled connection unless it must be fresh, or a new one. Where it is refused, nothing was sent: another
// replica gets the request, and when there is none, it waits for one that takes it.
Awaitable<Exchange::Failure> Exchange::reach(bool fresh) {
  for (;;) {
    connection_ = fresh ? nullptr : service_.pool.take(replica().upstream.port, !repeatable());
    if (connection_) co_return std::nullopt;
    auto failure = co_await connect();
    if (!failure) service_.scheduler.reached(*this);
    if (!failure || failure->status != try_again) co_return failure;
    connection_.reset();
    const auto turn = service_.scheduler.refused(*this);
    if (turn == Scheduler::Turn::full) co_return full();
    if (turn != Scheduler::Turn::held) continue;
    if (auto given_up = refused_long()) co_return std::move(*given_up);
    placed_ = {};
    failure = co_await wait_turn(true);
    if (failure) co_return failure;
    placed_ = session_.context().clock.elapsed();
  }
}

std::optional<Answer> Exchange::refused_long() const {
  const auto limit = session_.context().options.refused_time;
  const auto since = std::max(session_.started(), service_.scheduler.refused_since(release()));
  if (session_.context().clock.elapsed() - since < limit) return std::nullopt;
  return unavailable("unreachable", fmt::format("no replica of release {} could be reached within {}",
                                                release(), seconds(limit)));
}

std::string Exchange::client() const {
  std::string_view last;
  for (const auto& field : request_.get())
    if (boost::beast::iequals(field.name_string(), "X-Forwarded-For"))
      last = {field.value().data(), field.value().size()};
  last = trimmed(last.substr(last.rfind(',') + 1));
  if (!last.empty()) return std::string(last.substr(0, longest_client));
  error_code ec;
  const auto peer = client_.socket.remote_endpoint(ec);
  return ec ? std::string() : peer.address().to_string();
}

Awaitable<Exchange::Failure> Exchange::connect() {
  connection_ = std::make_unique<Connection>(session_.context().executor);
  Socket& socket = connection_->socket;
  const tcp::endpoint replica_end(asio::ip::address_v4::loopback(), replica().upstream.port);
  error_code ec;
  socket.open(tcp::v4(), ec);
  if (!ec) co_await socket.async_connect(replica_end, into(ec));
  if (stopped_) co_return interrupted();
  if (ec == asio::error::no_descriptors || ec == asio::error::no_buffer_space)
    co_return unavailable("no-descriptors", "the gateway has no file descriptor left");
  error_code ignored;
  // Without a listener, a port of the ephemeral range can be given to this very socket, which then talks to
  // itself.
  if (ec || socket.local_endpoint(ignored) == replica_end) co_return Answer{.status = try_again};
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  co_return std::nullopt;
}

Answer Exchange::interrupted() {
  if (client_.gone()) return {.status = client_left};
  if (stalled_) return request_timeout("the request's body stopped arriving");
  const auto now = session_.context().clock.elapsed();
  const auto waited = (placed_.count() == 0 ? now : placed_) - session_.started();
  const auto ran = placed_.count() == 0 ? std::chrono::nanoseconds(0) : now - placed_;
  Answer answer{.status = 504, .code = "timeout", .waited = millis(waited), .ran = millis(ran)};
  const auto limit = seconds(service_.scheduler.route().timeout);
  if (placed_.count() == 0) {
    answer.message = fmt::format("no replica of release {} was free within {}", release(), limit);
  } else {
    answer.message = fmt::format("release {} did not answer within {}: waited {} for a replica, ran {}",
                                 release(), limit, seconds(waited), seconds(ran));
  }
  return answer;
}

// The gateway's own answer. Bytes of the request that nobody read cost the connection.
Awaitable<Exchange::After> Exchange::answer(Answer answer) {
  deadline_.clear();
  co_await join_pump();
  connection_.reset();
  service_.scheduler.leave(*this);
  finish(answer.status >= 500, answer.status != client_left);
  if (answer.status == client_left) co_return After::close;
  const bool keep = request_.is_done() && keep_client_ && !session_.closing() && !bad_body_;
  const std::string text =
      format_answer(answer, {.release = release(), .keep_alive = keep, .http10 = http10_, .head = head_});
  if (!co_await to_client(gather(asio::buffer(text)))) co_return After::close;
  co_return keep ? After::keep : After::linger;
}

void Exchange::finish(bool error, bool timed) {
  if (release() == 0 || std::exchange(counted_, true)) return;
  std::optional<std::chrono::nanoseconds> took;
  if (timed) took = session_.context().clock.elapsed() - session_.started();
  service_.scheduler.count(release(), error, took);
}

}  // namespace mdl::local::gateway
