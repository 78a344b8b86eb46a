#include "providers/local/supervisor/scale.hpp"

#include <algorithm>

namespace mdl::local::supervisor {

namespace {

int bounded(const Value& value, int fallback, int low, int high) {
  if (!value.is_number()) return fallback;
  return static_cast<int>(std::clamp<std::int64_t>(value.as_integer(), low, high));
}

Milliseconds duration(const Value& value, Milliseconds fallback) {
  return value.is_number() && value.as_integer() >= 0 ? Milliseconds(value.as_integer()) : fallback;
}

}  // namespace

ScaleLimits scale_limits(const Value& spec) {
  ScaleLimits limits;
  limits.min = bounded(spec["min"], limits.min, 0, 1000);
  limits.max = std::max({bounded(spec["max"], std::max(limits.max, limits.min), 1, 1000), limits.min, 1});
  limits.concurrency = bounded(spec["concurrency"], limits.concurrency, 1, 100'000);
  limits.idle = duration(spec["idle_ms"], limits.idle);
  limits.warm = duration(spec["warm_ms"], limits.warm);
  return limits;
}

int wanted_replicas(const ScaleLimits& limits, int load) {
  const int needed = (std::max(load, 0) + limits.concurrency - 1) / limits.concurrency;
  return std::clamp(needed, limits.min, limits.max);
}

void ScaleWindow::touch(int replicas, std::chrono::nanoseconds now) {
  if (static_cast<int>(needed_.size()) < replicas) needed_.resize(static_cast<std::size_t>(replicas), now);
  std::fill_n(needed_.begin(), std::max(replicas, 0), now);
}

int ScaleWindow::update(const ScaleLimits& limits, int load, std::chrono::nanoseconds now,
                        std::chrono::nanoseconds last_request) {
  touch(wanted_replicas(limits, load), now);
  if (!needed_.empty()) needed_[0] = std::max(needed_[0], std::min(last_request, now));
  while (!needed_.empty() && now - needed_.back() >= limits.idle) needed_.pop_back();
  return std::clamp(static_cast<int>(needed_.size()), limits.min, limits.max);
}

}  // namespace mdl::local::supervisor
