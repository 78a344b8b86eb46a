#include "providers/local/gateway/gateway.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <map>
#include <sys/resource.h>
#include <unistd.h>

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
  std::vector<std::weak_ptr<Service>> removed;        // that may still have requests under way
  std::map<int, std::vector<GatewayLoad>> elsewhere;  // by process

  const Scheduler* scheduler(const std::string& key) const {
    const auto at = services.find(key);
    return at == services.end() ? nullptr : &at->second->scheduler;
  }

  std::vector<std::shared_ptr<Service>> all() const {
    std::vector<std::shared_ptr<Service>> found;
    for (const auto& [key, service] : services) found.push_back(service);
    for (const auto& weak : removed)
      if (auto service = weak.lock()) found.push_back(std::move(service));
    return found;
  }

  int elsewhere_at(const std::string& key, const Upstream& upstream) const {
    int count = 0;
    for (const auto& [process, loads] : elsewhere)
      for (const auto& load : loads)
        for (const auto& [at, requests] : load.in_flight)
          if (load.key == key && at == upstream) count += requests;
    return count;
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
  close_inherited();
  state_->context->events = {};
  for (const auto& service : state_->all()) service->stop();
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
  const auto at = state_->services.find(key);
  if (at == state_->services.end()) return;
  at->second->scheduler.update(route);
  if (state_->context->events.on_route) state_->context->events.on_route(key, &route);
}

void Gateway::remove(const std::string& key) {
  const auto at = state_->services.find(key);
  if (at == state_->services.end()) return;
  const auto service = at->second;
  state_->services.erase(at);
  std::erase_if(state_->removed, [](const auto& weak) { return weak.expired(); });
  state_->removed.push_back(service);
  service->remove();
  if (state_->context->events.on_route) state_->context->events.on_route(key, nullptr);
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
  return scheduler == nullptr ? state_->elsewhere_at(key, upstream) : scheduler->in_flight(upstream);
}

std::chrono::nanoseconds Gateway::last_request(const std::string& key, int release) const {
  const auto* scheduler = state_->scheduler(key);
  return scheduler == nullptr ? std::chrono::nanoseconds{} : scheduler->last_request(release);
}

std::vector<GatewayStats> Gateway::take_stats(const std::string& key) {
  const auto at = state_->services.find(key);
  return at == state_->services.end() ? std::vector<GatewayStats>{} : at->second->scheduler.take_stats();
}

std::vector<GatewayListener> Gateway::listeners() const {
  std::vector<GatewayListener> result;
  for (const auto& [key, service] : state_->services)
    if (service->port() != 0) result.push_back({key, service->port(), service->descriptor()});
  return result;
}

void Gateway::inherit(std::vector<GatewayListener> listeners) {
  state_->context->inherited = std::move(listeners);
}

void Gateway::close_inherited() {
  for (const auto& listener : std::exchange(state_->context->inherited, {})) ::close(listener.descriptor);
}

void Gateway::leave(std::function<void(ClientConnection)> give) {
  state_->context->events = {};
  for (const auto& service : state_->all()) service->leave(give);
}

int Gateway::connections() const { return state_->context->connections; }

void Gateway::adopt(ClientConnection connection) {
  if (const auto at = state_->services.find(connection.key); at != state_->services.end()) {
    at->second->adopt(connection);
  } else {
    ::close(connection.descriptor);
  }
}

std::vector<GatewayLoad> Gateway::load() const {
  std::vector<GatewayLoad> loads;
  for (const auto& service : state_->all())
    loads.push_back({.key = service->key(),
                     .in_flight = service->scheduler.own_in_flight(),
                     .held = service->scheduler.own_held(),
                     .stats = {}});
  return loads;
}

std::vector<GatewayLoad> Gateway::take_load() {
  std::vector<GatewayLoad> loads;
  for (const auto& service : state_->all()) {
    GatewayLoad load{.key = service->key(),
                     .in_flight = service->scheduler.own_in_flight(),
                     .held = service->scheduler.own_held(),
                     .stats = service->scheduler.take_stats()};
    if (!load.in_flight.empty() || !load.held.empty() || !load.stats.empty())
      loads.push_back(std::move(load));
  }
  return loads;
}

void Gateway::set_elsewhere(int process, const std::vector<GatewayLoad>& loads) {
  auto& known = state_->elsewhere[process];
  const auto before = std::exchange(known, loads);
  if (loads.empty()) state_->elsewhere.erase(process);
  for (const auto& [key, service] : state_->services) {
    std::vector<std::pair<Upstream, int>> in_flight;
    std::vector<std::pair<int, int>> held;
    for (const auto& [other, theirs] : state_->elsewhere)
      for (const auto& load : theirs) {
        if (load.key != key) continue;
        in_flight.insert(in_flight.end(), load.in_flight.begin(), load.in_flight.end());
        held.insert(held.end(), load.held.begin(), load.held.end());
      }
    service->scheduler.set_elsewhere(in_flight, held);
    for (const auto& load : loads)
      for (const auto& stats : load.stats)
        if (load.key == key) service->scheduler.add(stats);
  }
  // Of a service that is gone here, nobody else would say it.
  for (const auto& load : before)
    for (const auto& [upstream, count] : load.in_flight) {
      if (state_->services.contains(load.key) || state_->elsewhere_at(load.key, upstream) > 0) continue;
      boost::asio::post(state_->context->executor,
                        [context = state_->context, key = load.key, at = upstream] {
                          if (context->events.on_drained) context->events.on_drained(key, at);
                        });
    }
}

}  // namespace mdl::local
