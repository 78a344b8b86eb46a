#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/util/log.hpp"
#include "providers/local/gateway/gateway.hpp"
#include "providers/local/supervisor/channel.hpp"
#include "providers/local/supervisor/handover.hpp"

// The two sides of a restart: the fork that ends what was under way, and the supervisor that goes on.
namespace mdl::local::supervisor {

Value to_value(const std::vector<GatewayLoad>& loads);
std::vector<GatewayLoad> loads_from(const Value& value);
Value to_value(const Route& route);
Route route_from(const Value& value);

// In the fork: ends what is under way, gives all other connections to the supervisor, and tells it what is
// left.
class DrainingGateway {
 public:
  // `finished` is called once: when nothing is left, or the supervisor is gone.
  DrainingGateway(Loop& loop, Gateway& gateway, int channel, std::function<void()> finished);

 private:
  void receive(const Value& message);
  void report();

  Loop& loop_;
  Gateway& gateway_;
  std::function<void()> finished_;
  std::unique_ptr<Channel> channel_;
  std::vector<GatewayLoad> told_;
  Timer timer_;
  int reports_ = 0;
};

// In the supervisor: the forks that still have requests. There may be several when it is restarted often.
class DrainingProcesses {
 public:
  DrainingProcesses(Loop& loop, Gateway& gateway, Log log);

  void add(pid_t pid, int channel, const std::vector<GatewayLoad>& load);
  // GatewayEvents::on_route.
  void routed(const std::string& key, const Route* route);
  // Waits for those that have ended.
  void reap();
  Value hand_over(Handover& handover) const;
  void take_over(const Value& value);
  void abandon() { processes_.clear(); }  // in a fork

 private:
  struct Process {
    std::unique_ptr<Channel> channel;
    std::vector<GatewayLoad> load;
  };
  void receive(pid_t pid, const Value& message, int descriptor);
  void ended(pid_t pid);

  Loop& loop_;
  Gateway& gateway_;
  Log log_;
  std::map<pid_t, Process> processes_;
  std::map<std::string, Route> routes_;
  std::vector<pid_t> ended_;
};

}  // namespace mdl::local::supervisor
