#include "providers/local/gateway/listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

namespace mdl::local::gateway {

namespace {

Error bind_error(std::uint16_t port, const error_code& ec) {
  Error error{.kind = ErrorKind::failed, .resource = fmt::format("port {}", port)};
  if (ec == asio::error::address_in_use) {
    error.code = "port-taken";
    error.message = fmt::format("port {} is taken by another program", port);
  } else {
    error.code = "port-denied";
    error.message = fmt::format("cannot listen on port {}", port);
  }
  error.quoted = ec.message();
  return error;
}

}  // namespace

Listener::Listener(std::shared_ptr<Context> context, OnSocket on_socket)
    : context_(std::move(context)),
      on_socket_(std::move(on_socket)),
      acceptor_(context_->executor),
      pause_(context_->executor) {}

Result<std::shared_ptr<Listener>> Listener::open(std::shared_ptr<Context> context, std::uint16_t port,
                                                 OnSocket on_socket) {
  const std::uint16_t first = port != 0 ? port : context->options.first_port;
  const auto listener = std::make_shared<Listener>(context, std::move(on_socket));
  error_code ec = listener->bind(first);
  for (int next = first + 1; port == 0 && ec && next <= 65535; ++next) {
    if (ec != asio::error::address_in_use) break;
    ec = listener->bind(static_cast<std::uint16_t>(next));
  }
  if (ec) return fail(bind_error(first, ec));
  listener->start();
  return listener;
}

Result<std::shared_ptr<Listener>> Listener::adopt(std::shared_ptr<Context> context,
                                                  const GatewayListener& inherited, OnSocket on_socket) {
  const auto listener = std::make_shared<Listener>(std::move(context), std::move(on_socket));
  error_code ec;
  listener->acceptor_.assign(tcp::v4(), inherited.descriptor, ec);
  if (ec) return fail(bind_error(inherited.port, ec));
  listener->port_ = inherited.port;
  listener->start();
  return listener;
}

void Listener::start() {
  asio::co_spawn(
      context_->executor, [self = shared_from_this()] { return self->run(); }, asio::detached);
}

error_code Listener::bind(std::uint16_t port) {
  error_code ec, ignored;
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  acceptor_.open(tcp::v4(), ec);
  if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) acceptor_.close(ignored);
  port_ = port;
  return ec;
}

Awaitable<void> Listener::run() {
  while (acceptor_.is_open()) {
    error_code ec;
    if (context_->connections < context_->max_connections) {
      Socket socket(context_->executor);
      co_await acceptor_.async_accept(socket, into(ec));
      if (!ec) {  // also when it was closed meanwhile: this client was accepted before
        on_socket_(std::move(socket));
        continue;
      }
      if (!acceptor_.is_open()) break;
      if (ec == asio::error::connection_aborted || ec == asio::error::interrupted) continue;
    }
    pausing_ = true;
    pause_.expires_after(context_->options.accept_pause);
    co_await pause_.async_wait(into(ec));
    pausing_ = false;
  }
}

void Listener::close() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace mdl::local::gateway
