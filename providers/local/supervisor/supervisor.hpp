#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/util/log.hpp"
#include "providers/local/supervisor/draining.hpp"
#include "providers/local/supervisor/service.hpp"

namespace mdl::local::supervisor {

// All services of one home: keeps processes and routes as the state says. Handlers change the state and then
// call `reconcile`.
class Supervisor {
 public:
  // `finished` is called once: when nothing is deployed any more, or all has stopped after stop().
  Supervisor(
      boost::asio::io_context& io, Home home, State& state, Keeper& keeper, Clock& clock, Log log,
      std::function<void()> finished, std::uint64_t replica_descriptors = 0,
      std::function<std::vector<Gpu>()> find_devices = [] { return find_gpus(); });

  // Brings back what the state says; goes on with what `hand_over` of the program before this one said, if
  // anything. Errors: as State.
  Result<void> start(const Value& taken_over = {});
  void hand_over(Handover& handover) const;
  std::vector<GatewayLoad> load() const { return gateway_.load(); }
  // In a fork of this process: lets go of everything but the gateway, which it returns.
  Gateway& abandon();
  // Makes one service match the state.
  Result<void> reconcile(const ServiceRef& ref);
  // nullptr when there is no such service.
  Service* find(const ServiceRef& ref);
  // As find, but makes one that has no row yet: to listen before the row is written.
  Service& require(const ServiceRef& ref);
  // Lets go of one that `require` made when its row was not written.
  void release_unused(const ServiceRef& ref);
  // After State::erase: ends it and removes its logs. The last one ends the supervisor.
  void erased(const ServiceRef& ref);
  // Takes no more requests, drains for at most 10 s and stops all replicas; then calls `finished`.
  void stop();
  // Called first when it stops, also because nothing is deployed any more: takes no more calls.
  void on_stop(std::function<void()> action) { on_stop_ = std::move(action); }

  const std::map<std::string, std::unique_ptr<Service>>& services() const { return services_; }
  State& state() { return surroundings_.state; }
  Loop& loop() { return loop_; }
  Clock& clock() { return clock_; }
  bool stopping() const { return stopping_; }
  const Home& home() const { return surroundings_.home; }
  const Log& log() const { return surroundings_.log; }
  const std::map<pid_t, Usage>& usage() const { return usage_; }  // of the last second, by process group

 private:
  GatewayEvents gateway_events();
  void take_over(const Value& value);
  void tick();
  void check_finished();
  void remove_logs(const ServiceRef& ref);

  Clock& clock_;
  Loop loop_;
  Ports ports_;
  GpuPool gpus_;
  Gateway gateway_;
  DrainingProcesses draining_;
  Surroundings surroundings_;
  std::map<std::string, std::unique_ptr<Service>> services_;  // by gateway_key
  std::vector<std::unique_ptr<Service>> leaving_;
  std::map<pid_t, Usage> usage_;
  std::function<void()> finished_, on_stop_;
  Timer tick_timer_, stop_timer_, deadline_;
  int empty_ticks_ = 0;
  bool stopping_ = false, erased_ = false;
};

}  // namespace mdl::local::supervisor
