#include "providers/local/supervisor/release.hpp"

#include <algorithm>

namespace mdl::local::supervisor {

namespace {

Milliseconds duration(const Value& value, Milliseconds fallback) {
  return value.is_number() && value.as_integer() > 0 ? Milliseconds(value.as_integer()) : fallback;
}

ReplicaSettings replica_settings(const ReleaseSettings& release, int replica) {
  const auto& spec = release.spec;
  ReplicaSettings settings{.release = release.number, .number = replica};
  if (const auto& health = spec["health"].as_string(); health.starts_with('/')) settings.health = health;
  settings.timeout = duration(spec["timeout_ms"], settings.timeout);
  settings.start_timeout = duration(spec["start_timeout_ms"], settings.start_timeout);
  settings.memory_bytes = spec["memory_bytes"].as_integer();
  settings.gpus = static_cast<int>(spec["gpu"].as_integer());
  settings.holder =
      release.ref.service + " " + std::to_string(release.number) + "/" + std::to_string(replica);
  return settings;
}

}  // namespace

Release::Release(const Host& host, ReleaseSettings settings, ReleaseEvents events)
    : host_(host), settings_(std::move(settings)), events_(std::move(events)) {}

void Release::attempt() {
  failure_ = {};
  attempt_ = Attempt::waiting;
}

void Release::set_failed(const Value& failure) {
  failure_ = failure;
  attempt_ = Attempt::failed;
}

std::vector<Replica*> Release::running() const {
  std::vector<Replica*> result;
  for (const auto& [number, replica] : replicas_)
    if (replica->state() != Replica::State::stopped) result.push_back(replica.get());
  return result;
}

int Release::lowest_free() const {
  int number = 1;
  while (replicas_.contains(number)) ++number;
  return number;
}

void Release::scale_to(int wanted, Milliseconds drain) {
  wanted_ = wanted;
  auto present = running();
  // Those that do not work go first, then the newest.
  std::ranges::stable_sort(present, [](const Replica* a, const Replica* b) {
    const bool up = a->state() == Replica::State::healthy, other = b->state() == Replica::State::healthy;
    return up != other ? up : a->settings().number < b->settings().number;
  });
  while (static_cast<int>(present.size()) > wanted) {
    stop_replica(*present.back(), drain);
    present.pop_back();
  }
  // A start that fails at once ends the attempt, and with it what is wanted.
  for (auto count = static_cast<int>(present.size()); count < wanted_; ++count)
    make_replica(lowest_free()).start();
}

Replica& Release::make_replica(int number) {
  std::vector<std::string> hidden;
  for (const auto& [name, value] : settings_.secrets) hidden.push_back(value);
  auto log =
      open_log({.folder = settings_.logs, .release = settings_.number, .replica = number, .secrets = hidden},
               host_.clock);
  auto replica = std::make_unique<Replica>(
      host_, replica_settings(settings_, number), std::move(log),
      ReplicaEvents{.launch = events_.launch,
                    .may_restart = [this](const Replica&) { return live_ || attempt_ != Attempt::waiting; },
                    .busy =
                        [this](const Replica& one) {
                          return events_.in_flight({settings_.number, one.settings().number, one.port()}) > 0;
                        },
                    .changed = [this](Replica& one) { on_change(one); },
                    .started = [this](Milliseconds took) { events_.started(settings_.number, took); },
                    .failed = [this](Replica&, Value failure) { on_failed(std::move(failure)); },
                    .stopped =
                        [this](Replica& one) {
                          replicas_.erase(one.settings().number);
                          events_.changed();
                        }});
  return *replicas_.emplace(number, std::move(replica)).first->second;
}

void Release::hurry(Milliseconds drain) {
  for (const auto& [number, replica] : replicas_)
    if (replica->state() == Replica::State::stopped) replica->hurry(drain);
}

void Release::stop_replica(Replica& replica, Milliseconds drain) {
  const Upstream upstream{settings_.number, replica.settings().number, replica.port()};
  const bool busy = events_.in_flight(upstream) > 0;
  replica.stop(busy, drain);
}

void Release::on_change(Replica&) {
  if (attempt_ == Attempt::waiting && wanted_ > 0 && healthy() >= wanted_) {
    attempt_ = Attempt::ready;
    events_.proven(settings_.number);
  }
  events_.changed();
}

void Release::on_failed(Value failure) {
  if (attempt_ == Attempt::failed) return;
  failure_ = std::move(failure);
  attempt_ = Attempt::failed;
  scale_to(0);
  events_.failed(settings_.number, failure_);
}

int Release::healthy() const {
  return static_cast<int>(std::ranges::count_if(
      replicas_, [](const auto& entry) { return entry.second->state() == Replica::State::healthy; }));
}

std::vector<Upstream> Release::upstreams() const {
  std::vector<Upstream> result;
  for (const auto& [number, replica] : replicas_)
    if (replica->state() == Replica::State::healthy)
      result.push_back({settings_.number, number, replica->port()});
  return result;
}

Replica* Release::find(int replica) const {
  const auto found = replicas_.find(replica);
  return found == replicas_.end() ? nullptr : found->second.get();
}

std::chrono::nanoseconds Release::starting_for() const {
  std::chrono::nanoseconds longest{0};
  for (const auto& [number, replica] : replicas_) longest = std::max(longest, replica->starting_for());
  return longest;
}

int Release::gpus_each() const { return static_cast<int>(settings_.spec["gpu"].as_integer()); }

int Release::gpus_held() const {
  std::size_t held = 0;
  for (const auto& [number, replica] : replicas_) held += replica->gpus().ids().size();
  return static_cast<int>(held);
}

std::string Release::waiting_for() const {
  if (healthy() >= wanted_) return {};
  for (const auto* replica : running()) {
    if (replica->state() == Replica::State::healthy) continue;
    if (replica->state() == Replica::State::failing)
      return replica->settings().name() + " " + replica->seen();
    return replica->waiting_for();
  }
  return "waiting for a replica to start";
}

std::string Release::readiness_text() const {
  const auto up = running();
  const auto answered = up.front()->settings().health + " answered";
  return up.size() == 1 ? answered : answered + " on " + std::to_string(up.size()) + " replicas";
}

Value Release::readiness() const {
  if (attempt_ == Attempt::failed) return failure_;
  // A release at rest is not ready: a rollback has to wake and check it before it gets traffic.
  const bool resting = wanted_ == 0;
  const auto detail = !resting ? waiting_for()
                      : attempt_ == Attempt::waiting
                          ? std::string("waiting for the end of the release before")
                          : std::string("at rest");
  const bool ready = detail.empty() && attempt_ != Attempt::waiting;
  return Value::object({{"state", ready ? "ready" : "waiting"},
                        {"detail", ready ? readiness_text() : detail},
                        {"resource", ""},
                        {"code", ""},
                        {"lines", Value::array()}});
}

Value Release::status(ReleaseRow::Phase phase) const {
  const bool failed = phase == ReleaseRow::Phase::failed || attempt_ == Attempt::failed;
  auto replicas = Value::array();
  for (const auto& [number, replica] : replicas_)
    replicas.push(Value::object({{"replica", number},
                                 {"pid", std::int64_t{replica->pid()}},
                                 {"port", int{replica->port()}},
                                 {"state", std::string(to_string(replica->state()))},
                                 {"restarts", replica->restarts()},
                                 {"gpus", Value(replica->gpus().ids())},
                                 {"memory_bytes", replica->usage().memory_bytes}}));
  return Value::object({{"state", failed         ? "failed"
                                  : wanted_ == 0 ? "resting"
                                                 : "running"},
                        {"replicas", std::move(replicas)}});
}

}  // namespace mdl::local::supervisor
