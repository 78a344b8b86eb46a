#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/util/log.hpp"
#include "providers/local/gateway/gateway.hpp"
#include "providers/local/supervisor/metrics.hpp"
#include "providers/local/supervisor/release.hpp"
#include "providers/local/supervisor/scale.hpp"
#include "providers/local/supervisor/state.hpp"

namespace mdl::local::supervisor {

// What every service needs of the supervisor.
struct Surroundings {
  Host host;
  Home home;
  State& state;
  Gateway& gateway;
  Log log;
  // The port of another service's gateway at the same target; nullopt when it is not deployed.
  std::function<std::optional<int>(const ServiceRef&)> port_of;
  std::uint64_t descriptors = 0;  // that a replica may open; the supervisor itself may open more
};

// The key under which the gateway knows a service.
std::string gateway_key(const ServiceRef& ref);

// Makes one service's processes and route match what is kept of it. Idempotent: `apply` with the same row
// changes nothing.
class Service {
 public:
  Service(Surroundings& surroundings, ServiceRef ref);
  ~Service();  // ends all at once
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Takes over what is kept and listens, without starting anything.
  void adopt(ServiceRow row);
  // After adopt(), before apply(): goes on with what `hand_over` of the program before this one said.
  void take_over(const Value& value);
  Value hand_over(Handover& handover) const;
  void abandon();  // in a fork of the supervisor
  void apply(ServiceRow row);
  // Begins an attempt of the release when no replica of it runs; the row says that it is up.
  void attempt(int release);
  // Listens where `port` says (0: the first free port); what was listened on before is given up. Errors:
  // failed, "port-taken".
  Result<std::uint16_t> listen(int port);
  // Once a second: counts, scales, puts to rest.
  void tick(const std::map<pid_t, Usage>& usage);
  void on_demand();
  void on_drained(const Upstream& upstream);
  void on_unreachable(const Upstream& upstream);
  // Takes no more requests and stops everything; `idle` tells when it is done.
  void stop();
  bool idle() const;

  const ServiceRow& row() const { return row_; }
  const ServiceRef& ref() const { return ref_; }
  const Metrics& metrics() const { return metrics_; }
  int held() const;
  int port() const { return port_ != 0 ? port_ : row_.port; }  // 0: none yet
  std::optional<Value> readiness(int release) const;
  Value describe() const;  // the whole state, see protocol.hpp
  std::set<pid_t> groups() const;
  const std::map<int, std::unique_ptr<Release>>& releases() const { return releases_; }

 private:
  struct Course {  // of a release over time
    ScaleWindow window;
    std::chrono::nanoseconds warm_since{0};
    bool live = false, woken = false;
    bool resting = false;  // was put to rest; one that is up again begins anew
    double cpu_before = 0;
    int without_gpus = 0;  // replicas that are wanted and have no devices
  };
  void apply_gateway();
  void move_port(std::uint16_t port);
  void apply_release(const ReleaseRow& row);
  void add_release(const ReleaseRow& row);
  std::unique_ptr<Release> make_release(const ReleaseRow& row);
  void take_over_release(const Value& value);
  void retire(int release);
  void scale();
  int wanted_for(const ReleaseRow& row, Release& release, Course& course);
  void hurry(Milliseconds drain);
  int with_gpus(Release& release, Course& course, int wanted);
  void rest(const ReleaseRow& row);
  Milliseconds request_timeout() const;
  void on_change();
  void update_route();
  Result<Launch> launch(const Release& release, const Replica& replica, std::uint16_t port);
  Result<std::map<std::string, std::string>> secrets_of(const Value& spec);
  Value status() const;
  void count(const std::map<pid_t, Usage>& usage);
  void stored(const Result<void>& result, const char* what);

  Surroundings& around_;
  ServiceRef ref_;
  std::string key_;
  ServiceRow row_;
  ScaleLimits limits_;
  std::map<int, std::unique_ptr<Release>> releases_;
  std::vector<std::unique_ptr<Release>> leaving_;  // of removed or replaced rows, while their replicas end
  std::map<int, Course> courses_;
  Metrics metrics_;
  std::uint16_t port_ = 0;       // that is listened on
  std::string gateway_problem_;  // why it is not
  bool stopping_ = false, scaling_ = false;
  bool alone_ = false;  // a release that starts waits for the end of the others
  Timer turn_;          // to look whether they ended
};

}  // namespace mdl::local::supervisor
