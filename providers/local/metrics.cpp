#include <chrono>

#include "providers/local/gateway/gateway.hpp"
#include "providers/local/gateway/histogram.hpp"
#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

using provider::MetricPoint;
using provider::MetricsReport;
using provider::ReleaseMetrics;

Time time_of(const Value& nanoseconds) { return Time(std::chrono::nanoseconds(nanoseconds.as_integer())); }

MetricPoint point_of(const Value& value) {
  return {.time = time_of(value["time"]),
          .requests = value["requests"].as_number(),
          .errors = value["errors"].as_number(),
          .p50_ms = value["p50_ms"].as_number(),
          .p95_ms = value["p95_ms"].as_number(),
          .p99_ms = value["p99_ms"].as_number(),
          .replicas = static_cast<int>(value["replicas"].as_integer()),
          .cpu = value["cpu"].as_number(),
          .memory_bytes = value["memory_bytes"].as_integer()};
}

// The histogram comes as the buckets that are not empty: [[bucket, count], …].
provider::RequestCounts counts_of(const Value& value) {
  provider::RequestCounts counts{.requests = static_cast<std::uint64_t>(value["requests"].as_integer()),
                                 .errors = static_cast<std::uint64_t>(value["errors"].as_integer()),
                                 .bounds_ms = {},
                                 .times = {}};
  if (!value["histogram"].is_array()) return counts;
  counts.bounds_ms.resize(gateway::histogram_size);
  for (std::size_t i = 0; i < gateway::histogram_size; ++i)
    counts.bounds_ms[i] = static_cast<double>(histogram_bound(i).count()) / 1000;
  counts.times.resize(gateway::histogram_size);
  for (const auto& item : value["histogram"].as_array()) {
    const auto& pair = item.as_array();
    if (pair.size() != 2) continue;
    const auto bucket = static_cast<std::size_t>(pair[0].as_integer(-1));
    if (bucket < counts.times.size()) counts.times[bucket] = static_cast<std::uint64_t>(pair[1].as_integer());
  }
  return counts;
}

ReleaseMetrics release_of(const Value& value) {
  ReleaseMetrics metrics{.release = static_cast<int>(value["release"].as_integer()),
                         .total = point_of(value["total"]),
                         .points = {},
                         .counts = counts_of(value["counts"])};
  for (const auto& point : value["points"].as_array()) metrics.points.push_back(point_of(point));
  return metrics;
}

class LocalMetrics final : public provider::Metrics {
 public:
  explicit LocalMetrics(SharedClient client) : client_(std::move(client)) {}

  Result<MetricsReport> read(const release::ServiceRef& ref, Milliseconds window,
                             Milliseconds step) override {
    const auto path = service_path(ref, "/metrics?window_ms=" + std::to_string(window.count()) +
                                            "&step_ms=" + std::to_string(step.count()));
    MDL_TRY(const auto answer, client_->read(path));
    if (!answer) {
      const auto now = client_->options().clock.now();
      return MetricsReport{.from = now - window, .to = now, .step = step, .releases = {}, .own = {}};
    }
    const auto& value = *answer;
    MetricsReport report{.from = time_of(value["from"]),
                         .to = time_of(value["to"]),
                         .step = Milliseconds(value["step_ms"].as_integer()),
                         .releases = {},
                         .own = {}};
    for (const auto& item : value["releases"].as_array()) report.releases.push_back(release_of(item));
    for (const auto& item : value["own"].as_array())
      report.own.push_back({.name = item["name"].as_string(),
                            .labels = item["labels"].as_string(),
                            .value = item["value"].as_number()});
    return report;
  }

 private:
  SharedClient client_;
};

}  // namespace

std::unique_ptr<provider::Metrics> make_metrics(const SharedClient& client) {
  return std::make_unique<LocalMetrics>(client);
}

}  // namespace mdl::local
