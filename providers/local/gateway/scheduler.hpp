#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/util/clock.hpp"
#include "providers/local/gateway/gateway.hpp"
#include "providers/local/gateway/split.hpp"
#include "providers/local/gateway/waiting.hpp"

namespace mdl::local::gateway {

struct Replica {
  Upstream upstream;
  int in_flight = 0;
  int elsewhere = 0;   // in flight from another process
  bool routed = true;  // false: it drains
  int load() const { return in_flight + elsewhere; }
  // Refused a connection: others of its release are preferred until then (Clock::elapsed) or the next update.
  std::chrono::nanoseconds avoid_until{0};
};

// A request on its way to a replica.
class Ticket {
 public:
  enum class Phase { outside, held, placed, refused };

  Ticket() = default;
  virtual ~Ticket() = default;
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  Phase phase() const { return phase_; }
  int release() const { return release_; }              // 0 before it was split
  const Replica& replica() const { return *replica_; }  // only while placed

 protected:
  virtual void on_turn() = 0;  // was held, and is placed or refused now
  // Who asks: clients take turns in the queue. Asked for only when the request has to wait.
  virtual std::string client() const = 0;

 private:
  friend class Scheduler;
  friend class WaitingLine;
  Phase phase_ = Phase::outside;
  int release_ = 0;
  std::shared_ptr<Replica> replica_;
  std::list<Ticket*>::iterator place_;  // in the line
  std::string client_;                  // as it was when it was put there
  bool ahead_ = false;
};

// Decides which replica takes a request of one service, and which requests wait. Knows no sockets.
class Scheduler {
 public:
  struct Hooks {
    std::function<void(int release)> demand;                // a request of the release waits
    std::function<void(const Upstream& upstream)> closed;   // out of the route: no new connection use
    std::function<void(const Upstream& upstream)> drained;  // out of the route, nothing under way
    // Refused a connection; not again while it is avoided for that.
    std::function<void(const Upstream& upstream)> unreachable;
  };
  enum class Turn { placed, held, full, nothing_live };

  Scheduler(Hooks hooks, const Clock& clock) : hooks_(std::move(hooks)), clock_(clock) {}

  void update(const Route& route);
  void close();  // takes out all upstreams and refuses those that wait
  const Route& route() const { return route_; }

  // Where as many wait as may, the client that has the most waiting gives its newest up for one that has
  // fewer; `full` when there is none.
  Turn enter(Ticket& ticket);
  // Gives the slot to the next that waits, or leaves the queue. Does nothing for one outside.
  void leave(Ticket& ticket);
  // The replica of a placed ticket is no good: to another of the release, `held` (first in line) when
  // the others are full. nothing_live: there is no other; the ticket stays where it is.
  Turn move(Ticket& ticket);
  // The replica of a placed ticket refused the connection: to another one that did not, or `held` (first in
  // line) when they are full or there is none; `full`, and outside, when there is none and no more may wait.
  Turn refused(Ticket& ticket);
  // Places a held ticket although all replicas refused before, if one has room.
  void retry(Ticket& ticket);
  // The replica of a placed ticket took the connection: those that wait may follow.
  void reached(const Ticket& ticket);
  // Since when every connection of the release was refused (Clock::elapsed); 0: they are not.
  std::chrono::nanoseconds refused_since(int release) const;

  // What another process has at the replicas, and waiting for them, by release: from now on it counts as if
  // it were under way here. Replaces what was said before.
  void set_elsewhere(const std::vector<std::pair<Upstream, int>>& in_flight,
                     const std::vector<std::pair<int, int>>& held);
  // What is under way here.
  std::vector<std::pair<Upstream, int>> own_in_flight() const;
  std::vector<std::pair<int, int>> own_held() const;

  // A request ended. `took` is empty when it must not count in the histogram.
  void count(int release, bool error, std::optional<std::chrono::nanoseconds> took);

  void add(const GatewayStats& stats);  // of requests that ended elsewhere

  int held() const { return held_ + held_elsewhere_; }
  int held(int release) const;
  int in_flight(int release) const;
  int in_flight(const Upstream& upstream) const;
  bool known(const Upstream& upstream) const;  // in the route, or draining
  std::chrono::nanoseconds last_request(int release) const;
  std::vector<GatewayStats> take_stats();

 private:
  struct Release {
    std::vector<std::shared_ptr<Replica>> replicas;  // routed ones
    WaitingLine waiting;
    std::size_t cursor = 0;  // where the search among equally loaded replicas starts
    int in_flight = 0;
    int elsewhere = 0, held_elsewhere = 0;
    std::chrono::nanoseconds last{0}, refused_since{0};
    bool open() const { return in_flight > 0 || !waiting.empty() || elsewhere > 0 || held_elsewhere > 0; }
    GatewayStats stats;
  };

  std::shared_ptr<Replica> find(const Upstream& upstream) const;
  std::vector<std::shared_ptr<Replica>> all() const;
  // The least loaded with room, or null.
  std::shared_ptr<Replica> pick(Release& release, const Replica* except = nullptr);
  void place(Ticket& ticket, Release& release, std::shared_ptr<Replica> replica);
  void unplace(Ticket& ticket, Release& release);
  void hold(Ticket& ticket, Release& release, bool first);
  bool make_room(const Ticket& ticket);
  void avoid(Replica& replica);
  bool avoided(const Replica& replica) const;
  void refuse(Ticket& ticket);
  void serve_waiting(Release& release);
  void replace_upstreams(const std::vector<Upstream>& upstreams);
  void split_anew();
  void finish_if_drained(const std::shared_ptr<Replica>& replica);

  Hooks hooks_;
  const Clock& clock_;
  Route route_;
  SplitChoice split_;
  std::map<int, Release> releases_;
  std::vector<std::shared_ptr<Replica>> draining_;
  int held_ = 0, held_elsewhere_ = 0;
};

}  // namespace mdl::local::gateway
