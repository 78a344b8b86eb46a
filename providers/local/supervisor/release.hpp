#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "providers/local/gateway/gateway.hpp"
#include "providers/local/supervisor/replica.hpp"
#include "providers/local/supervisor/state.hpp"

namespace mdl::local::supervisor {

// How long a replica that is not wanted any more is kept for what it still answers.
constexpr Milliseconds longest_stream{3'600'000};

struct ReleaseSettings {
  ServiceRef ref;
  int number = 0;
  Value spec;  // see protocol.hpp
  std::string revision;
  std::string logs;                            // folder
  std::map<std::string, std::string> secrets;  // values
};

struct ReleaseEvents {
  std::function<Result<Launch>(const Replica&, std::uint16_t port)> launch;
  std::function<int(const Upstream&)> in_flight;
  std::function<void()> changed;  // what can be routed to, or how many replicas there are
  std::function<void(int release, Milliseconds took)> started;  // one of its replicas, see ReplicaEvents
  std::function<void(int release, const Value& failure)> failed;
  std::function<void(int release)> proven;  // all its replicas are healthy for the first time in an attempt
};

// The replicas of one release. An attempt (begun by a deploy or a wake) ends ready when all its replicas are
// healthy, or failed with the first one that does not get there; then all are stopped. Outside an attempt,
// and with traffic, replicas that end are started again.
class Release {
 public:
  Release(const Host& host, ReleaseSettings settings, ReleaseEvents events);

  // Goes on with what `hand_over` of the program before this one said, replicas included.
  void take_over(const Value& value);
  Value hand_over(Handover& handover) const;
  void abandon();

  void attempt();
  void set_live(bool live) { live_ = live; }
  void set_failed(const Value& failure);  // as it was stored
  // Starts the replicas that are missing and stops those that are too many; these finish their requests, open
  // streams included, within `drain`.
  void scale_to(int wanted, Milliseconds drain = longest_stream);

  // Its replicas that are being stopped get no more time than this.
  void hurry(Milliseconds drain);

  int number() const { return settings_.number; }
  const std::string& revision() const { return settings_.revision; }
  const Value& spec() const { return settings_.spec; }
  int wanted() const { return wanted_; }
  int healthy() const;
  bool empty() const { return replicas_.empty(); }
  bool attempting() const { return attempt_ == Attempt::waiting; }
  bool has_failed() const { return attempt_ == Attempt::failed; }
  const std::map<int, std::unique_ptr<Replica>>& replicas() const { return replicas_; }
  std::vector<Upstream> upstreams() const;  // of the healthy ones
  Replica* find(int replica) const;
  int gpus_each() const;                          // that a replica needs
  int gpus_held() const;                          // also by replicas that are being stopped
  std::chrono::nanoseconds starting_for() const;  // the longest of its replicas
  std::string waiting_for() const;                // "" when all that are wanted are healthy

  Value readiness() const;
  std::string readiness_text() const;  // of a release that is ready
  Value status(ReleaseRow::Phase phase) const;

 private:
  enum class Attempt { none, waiting, ready, failed };
  Replica& make_replica(int replica);
  void stop_replica(Replica& replica, Milliseconds drain);
  void on_change(Replica& replica);
  void on_failed(Value failure);
  int lowest_free() const;
  std::vector<Replica*> running() const;

  Host host_;
  ReleaseSettings settings_;
  ReleaseEvents events_;
  std::map<int, std::unique_ptr<Replica>> replicas_;  // those being stopped too
  int wanted_ = 0;
  bool live_ = false;
  Attempt attempt_ = Attempt::none;
  Value failure_;
};

}  // namespace mdl::local::supervisor
