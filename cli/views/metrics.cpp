#include "cli/views/metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "cli/views/document.hpp"
#include "cli/views/own_metrics.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

std::string sparkline(const std::vector<double>& values) {
  constexpr std::array levels = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double largest = 0;
  for (const double value : values) largest = std::max(largest, value);
  std::string out;
  for (const double value : values) {
    const double share = largest > 0 ? value / largest : 0;
    out += levels[static_cast<std::size_t>(std::clamp(std::lround(std::ceil(share * 7)), 0L, 7L))];
  }
  return out;
}

namespace {

std::string milliseconds(double ms) {
  return ms < 10 ? fmt::format("{:.1f} ms", ms) : fmt::format("{} ms", std::lround(ms));
}

std::vector<std::string> row_of(const provider::ReleaseMetrics& metrics) {
  const auto& total = metrics.total;
  std::vector<double> requests, p95;
  for (const auto& point : metrics.points) {
    requests.push_back(point.requests);
    p95.push_back(point.p95_ms);
  }
  const bool asked = total.requests > 0;
  return {std::to_string(metrics.release),
          readable_count(std::llround(total.requests)),
          asked ? fmt::format("{:.1f} %", total.errors / total.requests * 100) : "-",
          asked ? milliseconds(total.p50_ms) : "-",
          asked ? milliseconds(total.p95_ms) : "-",
          asked ? milliseconds(total.p99_ms) : "-",
          std::to_string(total.replicas),
          fmt::format("{:.2f}", total.cpu),
          readable_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(0, total.memory_bytes))),
          sparkline(requests),
          sparkline(p95)};
}

Value point_value(const provider::MetricPoint& point) {
  return Value::object({{"time", time_value(point.time)},
                        {"requests", point.requests},
                        {"errors", point.errors},
                        {"p50_ms", point.p50_ms},
                        {"p95_ms", point.p95_ms},
                        {"p99_ms", point.p99_ms},
                        {"replicas", point.replicas},
                        {"cpu", point.cpu},
                        {"memory_bytes", point.memory_bytes}});
}

}  // namespace

std::string metrics_text(const release::ServiceRef& ref, const provider::MetricsReport& report,
                         const Style& style) {
  const auto window = std::chrono::duration_cast<Milliseconds>(report.to - report.from);
  std::string out = paint(style, Colour::bold, ref.service + " → " + ref.target) +
                    fmt::format(", last {}\n\n", readable_age(window));
  if (report.releases.empty()) return out + "No release was asked anything.\n";
  std::vector<std::vector<std::string>> rows = {
      {"RELEASE", "REQUESTS", "ERRORS", "P50", "P95", "P99", "REPLICAS", "CPU", "MEMORY", "REQUESTS", "P95"}};
  for (const auto& release : report.releases) rows.push_back(row_of(release));
  out += table(rows, {true, true, true, true, true, true, true, true, true, false, false});
  if (report.own.empty()) return out;
  return out + "\nIts own:\n" + table(own_metric_rows(report.own), {false, false});
}

Value metrics_value(const release::ServiceRef& ref, const provider::MetricsReport& report) {
  Value releases = Value::array(), own = Value::array();
  for (const auto& release : report.releases) {
    Value points = Value::array();
    for (const auto& point : release.points) points.push(point_value(point));
    Value total = point_value(release.total);
    total.erase("time");
    releases.push(Value::object({{"release", release.release}, {"total", total}, {"points", points}}));
  }
  for (const auto& metric : report.own)
    own.push(Value::object({{"name", metric.name}, {"labels", metric.labels}, {"value", metric.value}}));
  return Value::object({{"service", ref.service},
                        {"target", ref.target},
                        {"from", time_value(report.from)},
                        {"to", time_value(report.to)},
                        {"step_ms", static_cast<std::int64_t>(report.step.count())},
                        {"releases", releases},
                        {"own", own}});
}

}  // namespace mdl::cli
