#pragma once

#include <cstdint>
#include <vector>

#include "core/provider/metrics.hpp"

namespace mdl::engine::gate {

using provider::RequestCounts;

// What a release did within a stretch of time. `times` and `bounds_ms` as in RequestCounts.
struct Stretch {
  std::uint64_t requests = 0, errors = 0;
  std::vector<double> bounds_ms;
  std::vector<std::uint64_t> times;

  Stretch& operator+=(const Stretch& other);     // one with other bounds adds no times
  double error_rate() const;                     // 0…1; 0 without requests
  std::uint64_t timed() const;                   // requests whose time is known
  std::uint64_t over(std::size_t bucket) const;  // requests in later buckets
  // The bucket in which the share `q` of the requests is reached; the last one when there are none.
  std::size_t bucket_of(double q) const;
  // The same as a time, interpolated within the bucket; 0 when there are none.
  double quantile_ms(double q) const;
};

// Turns successive readings of counts into stretches. A count that fell was begun anew: all of it is new
// then.
class Meter {
 public:
  explicit Meter(const RequestCounts& begin = {}) : last_(begin) {}
  Stretch advance(const RequestCounts& now);

 private:
  RequestCounts last_;
};

}  // namespace mdl::engine::gate
