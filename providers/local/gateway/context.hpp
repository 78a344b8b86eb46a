#pragma once

#include <memory>

#include "providers/local/gateway/asio.hpp"
#include "providers/local/gateway/deadlines.hpp"
#include "providers/local/gateway/gateway.hpp"

namespace mdl::local::gateway {

// What all services of one gateway share. Sessions keep it, so it may outlive the gateway for as long as the
// event loop still has their last handlers to run.
struct Context {
  Executor executor;
  Clock& clock;
  GatewayEvents events;
  GatewayOptions options;
  std::shared_ptr<Deadlines> deadlines;
  int connections = 0;  // of clients
  int max_connections = 0;
  std::vector<GatewayListener> inherited;
};

}  // namespace mdl::local::gateway
