#include "providers/local/supervisor/metrics.hpp"

#include <cmath>
#include <doctest/doctest.h>

#include "providers/local/supervisor/exposition.hpp"

using namespace mdl;
using namespace mdl::local;
using namespace mdl::local::supervisor;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t start = 1'795'521'600;
Time at(std::int64_t second) { return Time(std::chrono::seconds(start + second)); }

std::size_t bucket_of(std::chrono::microseconds time) {
  std::size_t bucket = 0;
  while (histogram_bound(bucket) < time) ++bucket;
  return bucket;
}

GatewayStats stats(std::uint64_t requests, std::uint64_t errors, std::chrono::microseconds time) {
  GatewayStats result{.release = 8, .requests = requests, .errors = errors, .histogram = {}};
  result.histogram.resize(bucket_of(time) + 1);
  result.histogram.back() = requests;
  return result;
}

}  // namespace

TEST_CASE("supervisor metrics: seconds add up to steps and to a total, counts summed and gauges averaged") {
  Metrics metrics;
  const auto fast = stats(10, 1, 5ms), slow = stats(10, 0, 200ms);
  metrics.add(start + 1, 8, &fast, 1, 0.5, 100);
  metrics.add(start + 2, 8, &slow, 2, 1.5, 300);
  metrics.add(start + 3, 8, nullptr, 2, 0.0, 200);
  const auto report = metrics.report(at(4), 4s, 2s);
  CHECK(report["step_ms"].as_integer() == 2000);
  const auto release = report["releases"].as_array().at(0);
  CHECK(release["release"].as_integer() == 8);
  const auto& points = release["points"].as_array();
  REQUIRE(points.size() == 2);
  CHECK(points[0]["requests"].as_integer() == 20);
  CHECK(points[0]["errors"].as_integer() == 1);
  CHECK(points[0]["replicas"].as_integer() == 2);
  CHECK(points[0]["cpu"].as_number() == doctest::Approx(1.0));
  CHECK(points[0]["memory_bytes"].as_integer() == 200);
  CHECK(points[0]["p50_ms"].as_number() == doctest::Approx(5).epsilon(0.1));
  CHECK(points[0]["p99_ms"].as_number() == doctest::Approx(200).epsilon(0.1));
  CHECK(points[1]["requests"].as_integer() == 0);
  CHECK(points[1]["p50_ms"].as_number() == 0);
  CHECK(release["total"]["requests"].as_integer() == 20);
  CHECK(release["total"]["p95_ms"].as_number() == doctest::Approx(200).epsilon(0.1));
}

TEST_CASE("supervisor metrics: only the window is reported, and never more than an hour") {
  Metrics metrics;
  const auto one = stats(1, 0, 1ms);
  for (const std::int64_t second : {0, 100, 3500, 3599, 3700}) metrics.add(start + second, 8, &one, 1, 0, 0);
  const auto total = [&](Milliseconds window) {
    const auto report = metrics.report(at(3700), window, window);
    return report["releases"].as_array().at(0)["total"]["requests"].as_integer();
  };
  CHECK(total(200s) == 2);
  CHECK(total(201s) == 3);
  CHECK(total(24h) == 3);
  CHECK(metrics.totals().at(8).requests == 5);
}

TEST_CASE("supervisor metrics: counts are not lost when the wall clock jumps back") {
  Metrics metrics;
  const auto one = stats(1, 0, 1ms);
  metrics.add(start + 50, 8, &one, 1, 0, 0);
  metrics.add(start + 20, 8, &one, 1, 0, 0);
  const auto report = metrics.report(at(50), 60s, 1s);
  const auto points = report["releases"].as_array().at(0)["points"].as_array();
  CHECK(points.back()["requests"].as_integer() == 2);  // in the newest second, until the clock is there again
}

TEST_CASE("supervisor metrics: a service's own text is read, with labels, exponents and special values") {
  const auto samples = parse_exposition(
      "# HELP hits Hits.\n# TYPE hits counter\nhits_total{path=\"/a}b\\\"\",code=\"200\"} 12 1700000000\n"
      "temperature -1.5e3\nempty{} 0\nnot a sample line\nup NaN\n\n");
  REQUIRE(samples.size() == 4);
  CHECK(samples[0].name == "hits_total");
  CHECK(samples[0].labels == "path=\"/a}b\\\"\",code=\"200\"");
  CHECK(samples[0].value == 12);
  CHECK(samples[1].value == -1500);
  CHECK(samples[2].labels.empty());
  CHECK(std::isnan(samples[3].value));
}

TEST_CASE(
    "supervisor metrics: texts of several replicas become one, each family once with their labels added") {
  Exposition out;
  out.family("mdl_replicas", "gauge", "Healthy replicas.");
  out.sample("mdl_replicas", "mdl_replicas", metric_label("service", "a\"b"), 2);
  const std::string text =
      "# HELP hits Hits.\n# TYPE hits counter\nhits_total{code=\"200\"} 1\nhits_created 5\n";
  out.merge(text, "replica=\"1\"");
  out.merge(text, "replica=\"2\"");
  CHECK(
      out.text() ==
      "# HELP mdl_replicas Healthy replicas.\n# TYPE mdl_replicas gauge\nmdl_replicas{service=\"a\\\"b\"} 2\n"
      "# HELP hits Hits.\n# TYPE hits counter\n"
      "hits_total{replica=\"1\",code=\"200\"} 1\nhits_created{replica=\"1\"} 5\n"
      "hits_total{replica=\"2\",code=\"200\"} 1\nhits_created{replica=\"2\"} 5\n");
}

TEST_CASE("supervisor metrics: labels of the service that are named as ours are kept under another name") {
  CHECK(joined_labels("release=\"2\",replica=\"1\"", "release=\"v7\",code=\"200\"") ==
        "release=\"2\",replica=\"1\",exported_release=\"v7\",code=\"200\"");
  CHECK(joined_labels("", "a=\"1,2\",b=\"}\"") == "a=\"1,2\",b=\"}\"");
}

TEST_CASE("supervisor metrics: what would break the text of all others is left out") {
  Exposition out;
  out.family("mdl_replicas", "gauge", "Healthy replicas.");
  out.sample("mdl_replicas", "mdl_replicas", "", 2);
  out.merge(
      "# TYPE mdl_replicas counter\nmdl_replicas 7\nmy-metric 1\nbad{a-b=\"1\"} 1\nbad{a=\"\\x\"} 1\n"
      "bad{a=\"1\"b=\"2\"} 1\nbad{a=1} 1\nbad{a=\"1} 1\ngood{a=\"1\", b = \"2\" ,} 1 1700000000\n",
      "");
  CHECK(out.text() ==
        "# HELP mdl_replicas Healthy replicas.\n# TYPE mdl_replicas gauge\nmdl_replicas "
        "2\ngood{a=\"1\",b=\"2\"} 1\n");
}

TEST_CASE(
    "supervisor metrics: a sample belongs to the family before it by its type, not by its beginning alone") {
  Exposition out;
  out.merge(
      "# TYPE llm_requests counter\nllm_requests_total 1\nllm_requests_running 3\n"
      "# TYPE wait histogram\nwait_bucket{le=\"+Inf\"} 1\nwait_sum 2\nwait_count 1\n",
      "replica=\"1\"");
  out.merge("# TYPE llm_requests gauge\nllm_requests 1\n", "replica=\"2\"");
  CHECK(out.text() ==
        "# TYPE llm_requests untyped\nllm_requests_total{replica=\"1\"} 1\nllm_requests{replica=\"2\"} 1\n"
        "llm_requests_running{replica=\"1\"} 3\n# TYPE wait histogram\n"
        "wait_bucket{replica=\"1\",le=\"+Inf\"} 1\nwait_sum{replica=\"1\"} 2\nwait_count{replica=\"1\"} 1\n");
}
