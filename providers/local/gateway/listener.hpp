#pragma once

#include <functional>
#include <memory>

#include "providers/local/gateway/context.hpp"

namespace mdl::local::gateway {

// Accepts connections on one port. At the limit of connections or without descriptors it stops accepting (the
// kernel queues what comes) until resume() or GatewayOptions::accept_pause.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using OnSocket = std::function<void(Socket)>;

  // Port 0: the first free one from options.first_port on. Errors: failed, code "port-taken" or
  // "port-denied".
  static Result<std::shared_ptr<Listener>> open(std::shared_ptr<Context> context, std::uint16_t port,
                                                OnSocket on_socket);
  // On a descriptor that listens already and is owned from now on. Errors: failed.
  static Result<std::shared_ptr<Listener>> adopt(std::shared_ptr<Context> context,
                                                 const GatewayListener& inherited, OnSocket on_socket);
  Listener(std::shared_ptr<Context> context, OnSocket on_socket);

  std::uint16_t port() const { return port_; }
  int descriptor() { return acceptor_.native_handle(); }
  void resume() {
    if (pausing_) pause_.cancel();
  }
  void close();

 private:
  using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

  error_code bind(std::uint16_t port);
  void start();
  Awaitable<void> run();

  std::shared_ptr<Context> context_;
  OnSocket on_socket_;
  Acceptor acceptor_;
  Timer pause_;
  std::uint16_t port_ = 0;
  bool pausing_ = false;
};

}  // namespace mdl::local::gateway
