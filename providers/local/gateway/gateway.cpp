#include "providers/local/gateway/gateway.hpp"

#include <algorithm>
#include <map>
#include <sys/resource.h>

#include "providers/local/gateway/context.hpp"
#include "providers/local/gateway/service.hpp"

namespace mdl::local {

using gateway::Context;
using gateway::Scheduler;
using gateway::Service;

namespace {

// A quarter of the descriptors stays for replicas, logs and the rest of the process.
int connection_limit(const GatewayOptions& options) {
  if (options.max_connections > 0) return options.max_connections;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 100'000;
  return static_cast<int>(std::clamp<rlim_t>(limit.rlim_cur / 4 * 3, 16, 1'000'000));
}

}  // namespace

struct Gateway::State {
  std::shared_ptr<Context> context;
  std::map<std::string, std::shared_ptr<Service>> services;
  std::vector<std::weak_ptr<Service>> removed;  // that may still have requests under way

  const Scheduler* scheduler(const std::string& key) const {
    const auto at = services.find(key);
    return at == services.end() ? nullptr : &at->second->scheduler;
  }
};

Gateway::Gateway(boost::asio::io_context& io, Clock& clock, GatewayEvents events, GatewayOptions options)
    : state_(std::make_shared<State>()) {
  const gateway::Executor executor = io.get_executor();
  state_->context =
      std::make_shared<Context>(Context{.executor = executor,
                                        .clock = clock,
                                        .events = std::move(events),
                                        .options = options,
                                        .deadlines = std::make_shared<gateway::Deadlines>(executor),
                                        .max_connections = connection_limit(options)});
}

Gateway::~Gateway() {
  state_->context->events = {};
  for (const auto& [key, service] : state_->services) service->stop();
  for (const auto& weak : state_->removed)
    if (const auto service = weak.lock()) service->stop();
  state_->context->deadlines->stop();
}

Result<std::uint16_t> Gateway::listen(const std::string& key, std::uint16_t port) {
  if (const auto at = state_->services.find(key); at != state_->services.end())
    return at->second->listen(port);
  const auto service = std::make_shared<Service>(key, state_->context);
  MDL_TRY(const auto bound, service->listen(port));
  state_->services.emplace(key, service);
  return bound;
}

void Gateway::update(const std::string& key, const Route& route) {
  if (const auto at = state_->services.find(key); at != state_->services.end())
    at->second->scheduler.update(route);
}

void Gateway::remove(const std::string& key) {
  const auto at = state_->services.find(key);
  if (at == state_->services.end()) return;
  const auto service = at->second;
  state_->services.erase(at);
  std::erase_if(state_->removed, [](const auto& weak) { return weak.expired(); });
  state_->removed.push_back(service);
  service->remove();
}

int Gateway::held(const std::string& key) const {
  const auto* scheduler = state_->scheduler(key);
  return scheduler == nullptr ? 0 : scheduler->held();
}

int Gateway::held(const std::string& key, int release) const {
  const auto* scheduler = state_->scheduler(key);
  return scheduler == nullptr ? 0 : scheduler->held(release);
}

int Gateway::in_flight(const std::string& key, int release) const {
  const auto* scheduler = state_->scheduler(key);
  return scheduler == nullptr ? 0 : scheduler->in_flight(release);
}

int Gateway::in_flight(const std::string& key, const Upstream& upstream) const {
  const auto* scheduler = state_->scheduler(key);
  return scheduler == nullptr ? 0 : scheduler->in_flight(upstream);
}

std::chrono::nanoseconds Gateway::last_request(const std::string& key, int release) const {
  const auto* scheduler = state_->scheduler(key);
  return scheduler == nullptr ? std::chrono::nanoseconds{} : scheduler->last_request(release);
}

std::vector<GatewayStats> Gateway::take_stats(const std::string& key) {
  const auto at = state_->services.find(key);
  return at == state_->services.end() ? std::vector<GatewayStats>{} : at->second->scheduler.take_stats();
}

}  // namespace mdl::local
