#include "core/engine/gate/gate.hpp"

#include <algorithm>
#include <cmath>

#include "core/engine/gate/words.hpp"

namespace mdl::engine::gate {

namespace {

constexpr double tail = 0.05;  // what is beyond p95
// Requests of the stable release after which its p95 is taken from the rollout alone: the past may have been
// another hour.
constexpr std::uint64_t enough_to_know_p95 = 100;

int tests(const manifest::Gate& limits) { return limits.p95.count() > 0 ? 4 : 3; }

// The bucket beyond which a request surely takes longer than `ms`.
std::size_t bucket_at(const std::vector<double>& bounds, double ms) {
  const auto found = std::ranges::lower_bound(bounds, ms);
  return static_cast<std::size_t>(found - bounds.begin());
}

}  // namespace

Gate::Gate(const manifest::Gate& limits, int steps, const RequestCounts& stable, const RequestCounts& fresh)
    : limits_(limits),
      threshold_(std::log(tests(limits) / false_alarms)),
      stable_(stable),
      fresh_(fresh),
      past_(Meter().advance(stable)),
      errors_(steps),
      times_(steps),
      errors_limit_(steps),
      times_limit_(steps) {}

void Gate::step() {
  steps_.emplace_back();
  open_errors_ = open_times_ = {};  // a block has one split
  for (auto* evidence : {&errors_, &times_, &errors_limit_, &times_limit_}) evidence->start();
}

std::optional<std::string> Gate::look(const RequestCounts* stable, const RequestCounts* fresh) {
  if (steps_.empty()) step();
  const Pair now{.stable = stable ? stable_.advance(*stable) : Stretch{},
                 .fresh = fresh ? fresh_.advance(*fresh) : Stretch{}};
  add_limits(now.fresh);
  add_errors(now);
  add_times(now);
  steps_.back().stable += now.stable;
  steps_.back().fresh += now.fresh;
  for (const auto* evidence : {&errors_, &errors_limit_})
    if (against(*evidence)) return words_errors(evidence->strongest());
  for (const auto* evidence : {&times_, &times_limit_})
    if (against(*evidence) && timed_enough(*evidence)) return words_p95(evidence->strongest());
  return std::nullopt;
}

void Gate::add_limits(const Stretch& fresh) {
  errors_limit_.limit(fresh.requests, fresh.errors, limits_.errors);
  if (limits_.p95.count() == 0 || fresh.times.empty()) return;
  const auto bucket = bucket_at(fresh.bounds_ms, static_cast<double>(limits_.p95.count()));
  times_limit_.limit(fresh.timed(), fresh.over(bucket), tail);
}

void Gate::add_errors(const Pair& now) {
  open_errors_.stable += now.stable;
  open_errors_.fresh += now.fresh;
  const auto &stable = open_errors_.stable, &fresh = open_errors_.fresh;
  if (stable.requests == 0 || fresh.requests == 0) return;
  errors_.compare({.fresh = fresh.requests,
                   .fresh_events = fresh.errors,
                   .stable = stable.requests,
                   .stable_events = stable.errors},
                  tolerated);
  open_errors_ = {};
}

void Gate::add_times(const Pair& now) {
  const bool begins = open_times_.stable.timed() == 0 && open_times_.fresh.timed() == 0;
  if (begins) open_threshold_ = threshold(now.stable);
  if (!open_threshold_) return;  // what is seen before p95 is known only makes it known
  open_times_.stable += now.stable;
  open_times_.fresh += now.fresh;
  const auto &stable = open_times_.stable, &fresh = open_times_.fresh;
  if (stable.timed() == 0 || fresh.timed() == 0) return;
  if (stable.bounds_ms == fresh.bounds_ms)
    times_.compare({.fresh = fresh.timed(),
                    .fresh_events = fresh.over(open_threshold_->fresh),
                    .stable = stable.timed(),
                    .stable_events = stable.over(open_threshold_->stable)},
                   1);
  open_times_ = {};
}

// From what came before this look: the threshold must not know what it is going to judge.
std::optional<Gate::Threshold> Gate::threshold(const Stretch& now) const {
  Stretch known = since(0).stable;
  if (known.timed() < enough_to_know_p95) known += past_;
  if (known.timed() < requests_to_judge) return std::nullopt;
  if (!now.bounds_ms.empty() && now.bounds_ms != known.bounds_ms) return std::nullopt;
  Threshold found{.stable = known.bucket_of(1 - tail), .fresh = 0};
  found.fresh = found.stable;
  const double longest = known.bounds_ms[found.stable] * tolerated * (1 + 1e-9);
  while (found.fresh + 1 < known.bounds_ms.size() && known.bounds_ms[found.fresh + 1] <= longest)
    ++found.fresh;
  return found;
}

Gate::Pair Gate::since(int step) const {
  Pair sum;
  for (auto i = static_cast<std::size_t>(step); i < steps_.size(); ++i) {
    sum.stable += steps_[i].stable;
    sum.fresh += steps_[i].fresh;
  }
  return sum;
}

bool Gate::against(const Evidence& evidence) const { return evidence.log() >= threshold_; }

bool Gate::timed_enough(const Evidence& evidence) const {
  return since(evidence.strongest()).fresh.timed() >= requests_to_judge;
}

std::string Gate::words_errors(int step) const {
  const auto [stable, fresh] = since(step);
  std::string text = "errors " + percent(fresh.error_rate());
  if (stable.requests > 0) text += " against " + percent(stable.error_rate());
  return text + " (limit " + percent(limits_.errors) + "), after " + requests(fresh.requests);
}

std::string Gate::words_p95(int step) const {
  const auto [stable, fresh] = since(step);
  std::string text = "p95 " + milliseconds(fresh.quantile_ms(1 - tail));
  if (stable.timed() > 0) text += " against " + milliseconds(stable.quantile_ms(1 - tail));
  if (limits_.p95.count() > 0)
    text += " (limit " + milliseconds(static_cast<double>(limits_.p95.count())) + ")";
  return text + ", after " + requests(fresh.requests);
}

std::string Gate::seen() const {
  const auto fresh = steps_.empty() ? Stretch{} : steps_.back().fresh;
  std::string text = requests(fresh.requests);
  if (fresh.requests > 0) text += ", errors " + percent(fresh.error_rate());
  if (fresh.timed() > 0) text += ", p95 " + milliseconds(fresh.quantile_ms(1 - tail));
  return text;
}

std::string Gate::passed() const {
  const auto step = steps_.empty() ? Pair{} : steps_.back();
  const auto text = requests(step.fresh.requests);
  if (step.fresh.requests < requests_to_judge) return text + ", too few to judge";
  return text + (step.stable.requests > 0 ? ", no difference found" : ", within the limits");
}

}  // namespace mdl::engine::gate
