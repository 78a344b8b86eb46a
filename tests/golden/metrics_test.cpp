#include "cli/views/metrics.hpp"

#include <doctest/doctest.h>

#include "golden.hpp"
#include "samples.hpp"

using namespace mdl;

TEST_CASE("golden: metrics have a row a release with sparklines, and the service's own figures") {
  provider::MetricsReport report{
      .from = samples::ago(std::chrono::minutes(10)), .to = samples::now(), .step = Milliseconds{75'000}};
  provider::ReleaseMetrics busy{.release = 8,
                                .total = {.requests = 1904,
                                          .errors = 2,
                                          .p50_ms = 3.21,
                                          .p95_ms = 41,
                                          .p99_ms = 88.6,
                                          .replicas = 2,
                                          .cpu = 0.84,
                                          .memory_bytes = 310'000'000}};
  const double counts[] = {0, 12, 40, 90, 160, 200, 399, 400};
  for (int i = 0; i < 8; ++i)
    busy.points.push_back({.time = samples::ago(std::chrono::seconds(600 - 75 * i)),
                           .requests = counts[i],
                           .p95_ms = 40.0 + i});
  provider::ReleaseMetrics idle{.release = 7, .total = {.replicas = 1, .memory_bytes = 120'000'000}};
  idle.points.assign(8, {.time = samples::now()});
  report.releases = {busy, idle};
  report.own = {{.name = "predictions_total", .labels = "decision=\"approve\"", .value = 1290},
                {.name = "up", .value = 1}};
  const auto replica = [](const std::string& rest) { return "release=\"8\",replica=\"1\"" + rest; };
  const std::string first = "time_to_first_token_seconds";
  for (const auto& [bound, count] : std::vector<std::pair<std::string, double>>{
           {"0.1", 0}, {"0.25", 40}, {"0.5", 90}, {"1.0", 100}, {"+Inf", 100}})
    report.own.push_back(
        {.name = first + "_bucket", .labels = replica(",le=\"" + bound + "\""), .value = count});
  report.own.push_back({.name = first + "_sum", .labels = replica(""), .value = 31});
  report.own.push_back({.name = first + "_count", .labels = replica(""), .value = 100});
  report.own.push_back({.name = "wait_seconds", .labels = replica(",quantile=\"0.9\""), .value = 0.2});
  report.own.push_back({.name = "wait_seconds_sum", .labels = replica(""), .value = 4});
  report.own.push_back({.name = "wait_seconds_count", .labels = replica(""), .value = 40});
  report.own.push_back({.name = "queue_count", .value = 3});
  const release::ServiceRef ref{.service = "credit-risk", .target = "local"};
  check_view("metrics", cli::metrics_text(ref, report, {}), cli::metrics_value(ref, report));
}

TEST_CASE("golden: a sparkline has a sign a value, and an ASCII form") {
  CHECK(cli::sparkline({0, 1, 2, 3.5, 7}) == "▁▂▃▅█");
  CHECK(cli::sparkline({0, 0}) == "▁▁");
  CHECK(cli::sparkline({}).empty());
  CHECK(cli::ascii(cli::sparkline({0, 1, 2, 3.5, 7})) == "_.-=#");
}
