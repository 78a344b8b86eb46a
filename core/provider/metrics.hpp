#pragma once

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

struct ReleaseMetrics {
  int release = 0;
  MetricPoint total;                 // over the window; percentiles over all its requests
  std::vector<MetricPoint> points;   // oldest first, one a step
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
