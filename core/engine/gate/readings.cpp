#include "core/engine/gate/readings.hpp"

#include <numeric>

namespace mdl::engine::gate {

Stretch& Stretch::operator+=(const Stretch& other) {
  requests += other.requests;
  errors += other.errors;
  if (bounds_ms.empty()) {
    bounds_ms = other.bounds_ms;
    times = other.times;
  } else if (bounds_ms == other.bounds_ms) {
    for (std::size_t i = 0; i < times.size(); ++i) times[i] += other.times[i];
  }
  return *this;
}

double Stretch::error_rate() const {
  return requests == 0 ? 0 : static_cast<double>(errors) / static_cast<double>(requests);
}

std::uint64_t Stretch::timed() const { return std::accumulate(times.begin(), times.end(), std::uint64_t{0}); }

std::uint64_t Stretch::over(std::size_t bucket) const {
  std::uint64_t count = 0;
  for (auto i = bucket + 1; i < times.size(); ++i) count += times[i];
  return count;
}

std::size_t Stretch::bucket_of(double q) const {
  const double rank = q * static_cast<double>(timed());
  double below = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    below += static_cast<double>(times[i]);
    if (times[i] > 0 && below >= rank) return i;
  }
  return times.empty() ? 0 : times.size() - 1;
}

double Stretch::quantile_ms(double q) const {
  const auto total = timed();
  if (total == 0) return 0;
  const auto bucket = bucket_of(q);
  const auto below = static_cast<double>(total - over(bucket) - times[bucket]);
  const double from = bucket == 0 ? 0 : bounds_ms[bucket - 1], to = bounds_ms[bucket];
  const double within = (q * static_cast<double>(total) - below) / static_cast<double>(times[bucket]);
  return from + (to - from) * within;
}

Stretch Meter::advance(const RequestCounts& now) {
  bool anew = now.requests < last_.requests || now.errors < last_.errors || now.bounds_ms != last_.bounds_ms;
  for (std::size_t i = 0; !anew && i < now.times.size(); ++i) anew = now.times[i] < last_.times[i];
  if (anew) last_ = {};
  Stretch stretch{.requests = now.requests - last_.requests,
                  .errors = now.errors - last_.errors,
                  .bounds_ms = now.bounds_ms,
                  .times = now.times};
  if (!last_.times.empty())
    for (std::size_t i = 0; i < stretch.times.size(); ++i) stretch.times[i] -= last_.times[i];
  last_ = now;
  return stretch;
}

}  // namespace mdl::engine::gate
