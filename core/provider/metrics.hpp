#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/release/record.hpp"
#include "core/util/clock.hpp"
#include "core/util/error.hpp"
#include "core/util/value.hpp"

namespace mdl::provider {

struct MetricPoint {
  Time time;
  double requests = 0, errors = 0;   // counts within the step
  double p50_ms = 0, p95_ms = 0, p99_ms = 0;
  int replicas = 0;
  double cpu = 0;                    // cores used
  std::int64_t memory_bytes = 0;
};

// What a release has answered since the platform began to count it. Counts only grow; where counting began anew (a
// process that counts was started again) they begin at 0.
struct RequestCounts {
  std::uint64_t requests = 0, errors = 0;
  // Response times: times[i] of them were over bounds_ms[i - 1] and up to bounds_ms[i]; the last also takes what is
  // beyond. Requests without a response time are not in it. Both empty: the platform does not say.
  std::vector<double> bounds_ms;
  std::vector<std::uint64_t> times;
};

struct ReleaseMetrics {
  int release = 0;
  MetricPoint total;                 // over the window; percentiles over all its requests
  std::vector<MetricPoint> points;   // oldest first, one a step
  RequestCounts counts;              // whatever the window
};

struct MetricsReport {
  Time from, to;
  Milliseconds step{0};
  std::vector<ReleaseMetrics> releases;
  // The service's own metrics, when the manifest names where: name, labels, value.
  struct Own { std::string name, labels; double value = 0; };
  std::vector<Own> own;
};

class Metrics {
 public:
  virtual ~Metrics() = default;
  virtual Result<MetricsReport> read(const release::ServiceRef& ref, Milliseconds window, Milliseconds step) = 0;
};

}  // namespace mdl::provider
