#include "providers/local/gateway/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "providers/local/gateway/exchange.hpp"

namespace mdl::local::gateway {

Session::Session(std::shared_ptr<Service> owner, Socket socket)
    : client(std::move(socket), owner->context.options.header_limit + Buffer::smallest),
      service_(std::move(owner)),
      deadline_(*service_->context.deadlines, [this] {
        timed_out_ = true;
        client.interrupt();
      }) {
  ++context().connections;
  client.left = [this] {
    if (exchange_ != nullptr) exchange_->interrupt();
  };
}

Session::~Session() {
  --context().connections;
  service_->session_ended();
}

void Session::start() {
  error_code ec;
  client.socket.set_option(tcp::no_delay(true), ec);
  if (!ec) client.socket.non_blocking(true, ec);
  if (ec) return;
  asio::co_spawn(
      context().executor, [self = shared_from_this()] { return self->run(); }, asio::detached);
}

void Session::finish() {
  closing_ = true;
  if (exchange_ == nullptr && !reading_header_) client.interrupt();
}

void Session::stop() {
  closing_ = true;
  client.close();
  if (exchange_ != nullptr) exchange_->interrupt();
}

void Session::leave() {
  if (awaiting_) client.interrupt();
}

Awaitable<void> Session::run() {
  while (co_await read_request()) {
    Exchange::After after;
    {
      Exchange exchange(*this);
      exchange_ = &exchange;
      after = co_await exchange.run();
      exchange_ = nullptr;
    }
    request_.reset();
    if (after == Exchange::After::linger) co_await linger();
    if (after != Exchange::After::keep || closing_) break;
    if (service_->leaving()) {
      co_await hand_over();
      co_return;
    }
    if (!client.reading()) client.in.shrink();
  }
  client.close();
}

void Session::skip_empty_line() {
  if (client.in.view().starts_with("\r\n"))
    client.in.consume(2);  // RFC 9112, 2.2: some clients end a body with one
}

Awaitable<bool> Session::read_request() {
  const auto& options = context().options;
  HeaderScan scan;
  reading_header_ = timed_out_ = false;
  if (closing_ || client.gone()) co_return false;  // what a client left behind in the pipe is not carried out
  skip_empty_line();
  if (client.in.empty()) deadline_.set(options.idle);
  for (;;) {
    if (!client.in.empty()) {
      if (!std::exchange(reading_header_, true)) {
        started_ = context().clock.elapsed();
        deadline_.set(options.header_time);
      }
      const auto state = scan.feed(client.in.view());
      if (state == HeaderScan::State::bad)
        co_return co_await refuse(bad_request(fmt::format("the request is refused: {}", scan.why())));
      if (state == HeaderScan::State::complete && scan.size() <= options.header_limit) break;
      if (client.in.size() >= options.header_limit)
        co_return co_await refuse(header_too_large(options.header_limit));
    }
    if (!service_->leaving()) {
      awaiting_ = true;
      const bool more = co_await client.more(shared_from_this());
      awaiting_ = false;
      if (more) continue;
      if (timed_out_ && reading_header_)
        co_return co_await refuse(request_timeout("the request's header did not arrive in time"));
    }
    if (service_->leaving() && !closing_ && !timed_out_) co_await hand_over();
    co_return false;
  }
  deadline_.clear();
  Answer problem;
  if (!parse(scan.size(), problem)) co_return co_await refuse(std::move(problem));
  co_return true;
}

bool Session::parse(std::size_t header_size, Answer& problem) {
  request_.emplace();
  request_->header_limit(static_cast<std::uint32_t>(header_size + 1));
  request_->body_limit(boost::none);
  error_code ec;
  const std::size_t used = request_->put(asio::const_buffer(client.in.data(), header_size), ec);
  problem = {.status = 400, .code = "bad-request"};
  if (ec) {
    problem.message = fmt::format("the request is refused: {}", ec.message());
    return false;
  }
  // The scan and the parser must agree on where the header ends.
  if (!request_->is_header_done() || used != header_size) {
    problem.message = "the request is refused: its header is ambiguous";
    return false;
  }
  client.in.consume(used);
  return true;
}

// What was read ahead goes with it.
Awaitable<void> Session::hand_over() {
  deadline_.clear();
  client.interrupt();
  co_await client.settle();
  if (client.gone()) co_return;
  const std::string read(client.in.view());
  if (const int descriptor = client.release(); descriptor >= 0) service_->give(descriptor, read);
}

Awaitable<bool> Session::refuse(Answer answer) {
  deadline_.set(context().options.linger);
  const std::string text = format_answer(answer, {});
  if (co_await write_all(client.socket, gather(asio::buffer(text)))) co_await linger();
  co_return false;
}

// Closing a socket that has unread bytes resets it, and the client might lose the answer: first says that no
// more comes, then reads on for a while.
Awaitable<void> Session::linger() {
  timed_out_ = false;
  deadline_.set(context().options.linger);
  error_code ec;
  client.socket.shutdown(tcp::socket::shutdown_send, ec);
  client.in.consume(client.in.size());
  while (!ec && !timed_out_ && co_await client.more(shared_from_this())) client.in.consume(client.in.size());
  deadline_.clear();
}

}  // namespace mdl::local::gateway
