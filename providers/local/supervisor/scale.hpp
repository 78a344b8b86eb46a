#pragma once

#include <chrono>
#include <vector>

#include "core/util/clock.hpp"
#include "core/util/value.hpp"

namespace mdl::local::supervisor {

// The `effective` member of a scaling spec.
struct ScaleLimits {
  int min = 1, max = 4, concurrency = 8;
  Milliseconds idle{300'000}, warm{300'000};
};
// Members that are missing or out of range take the manifest's defaults; max is at least 1 and at least min.
ScaleLimits scale_limits(const Value& spec);

// Replicas that `load` requests (in flight and held) need, within min and max.
int wanted_replicas(const ScaleLimits& limits, int load);

// Scales up at once and down only after `idle` in which the load asked for no more. One for each release.
class ScaleWindow {
 public:
  // Times are Clock::elapsed. `last_request`: when the last request ended or, if one is open, now.
  int update(const ScaleLimits& limits, int load, std::chrono::nanoseconds now,
             std::chrono::nanoseconds last_request);
  // Counts the present as use of `replicas`, so that what was just started is not stopped again at once.
  void touch(int replicas, std::chrono::nanoseconds now);

  const std::vector<std::chrono::nanoseconds>& needed() const { return needed_; }
  void restore(std::vector<std::chrono::nanoseconds> needed) { needed_ = std::move(needed); }

 private:
  std::vector<std::chrono::nanoseconds> needed_;  // [k]: when k + 1 replicas were needed last
};

}  // namespace mdl::local::supervisor
