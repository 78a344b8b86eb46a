#include <algorithm>

#include "core/util/text.hpp"
#include "providers/aws/parts.hpp"

namespace mdl::aws {

namespace {

using provider::MetricPoint;
using provider::MetricsReport;
using provider::ReleaseMetrics;
using release::ServiceRef;

struct Figure {
  const char* id;
  const char* metric;
  const char* statistic;
  double MetricPoint::*member;
};
constexpr Figure figures[] = {{"requests", "Invocations", "Sum", &MetricPoint::requests},
                              {"errors", "Errors", "Sum", &MetricPoint::errors},
                              {"p50", "Duration", "p50", &MetricPoint::p50_ms},
                              {"p95", "Duration", "p95", &MetricPoint::p95_ms},
                              {"p99", "Duration", "p99", &MetricPoint::p99_ms}};

std::int64_t seconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// CloudWatch keeps whole minutes.
std::int64_t period_of(Milliseconds step) {
  const auto seconds = std::chrono::ceil<std::chrono::minutes>(step).count() * 60;
  return std::max<std::int64_t>(60, seconds);
}

// Per version behind the alias: its metrics bear the alias as Resource and the version as ExecutedVersion.
Value queries_of(const Names& names, const std::string& version, std::int64_t period,
                 const std::string& prefix) {
  auto queries = Value::array();
  for (const auto& figure : figures) {
    auto dimensions = Value::array();
    const auto add = [&](const char* name, const std::string& value) {
      dimensions.push(Value::object({{"Name", name}, {"Value", value}}));
    };
    add("FunctionName", names.function);
    add("Resource", names.function + ":" + live_alias);
    add("ExecutedVersion", version);
    queries.push(Value::object(
        {{"Id", prefix + figure.id},
         {"ReturnData", true},
         {"MetricStat", Value::object({{"Metric", Value::object({{"Namespace", "AWS/Lambda"},
                                                                 {"MetricName", figure.metric},
                                                                 {"Dimensions", std::move(dimensions)}})},
                                       {"Period", period},
                                       {"Stat", figure.statistic}})}}));
  }
  return queries;
}

// A time comes as seconds since 1970, whole or not.
std::int64_t second_of(const Value& value) {
  if (value.is_number()) return static_cast<std::int64_t>(value.as_number());
  const auto parsed = parse_rfc3339(value.as_string());
  return parsed ? seconds_of(*parsed) : 0;
}

class AwsMetrics final : public provider::Metrics {
 public:
  explicit AwsMetrics(SharedParts shared) : shared_(std::move(shared)) {}

  Result<MetricsReport> read(const ServiceRef& ref, Milliseconds window, Milliseconds step) override {
    const auto names = shared_->names(ref);
    const auto now = shared_->client->clock().now();
    const auto fine = period_of(step);
    MetricsReport report{.from = now - window, .to = now, .step = Milliseconds{fine * 1000}};
    MDL_TRY(const auto live, read_live(*shared_, ref));
    if (live.split.empty()) return report;
    MDL_TRY(const auto versions, shared_->functions.versions(names.function));
    for (const auto& share : live.split) {
      const auto* version = FunctionApi::version_of(versions, share.release);
      if (version == nullptr) continue;
      MDL_TRY(auto metrics, of_version(names, *version, share.release, report, fine));
      report.releases.push_back(std::move(metrics));
    }
    return report;
  }

 private:
  Result<ReleaseMetrics> of_version(const Names& names, const Configuration& version, int release,
                                    const MetricsReport& report, std::int64_t fine) {
    const auto begin = seconds_of(report.from) / fine * fine;
    const auto end = (seconds_of(report.to) + fine - 1) / fine * fine;
    auto queries = queries_of(names, version.version, fine, "s_");
    // The whole window in one step, for percentiles over all its requests.
    const auto whole = std::max(fine, end - begin);
    const auto over_all = queries_of(names, version.version, whole, "w_");
    for (const auto& query : over_all.as_array()) queries.push(query);
    ReleaseMetrics metrics{.release = release};
    std::map<std::int64_t, MetricPoint> points;
    std::string token;
    do {
      auto body = Value::object({{"StartTime", begin}, {"EndTime", end}, {"MetricDataQueries", queries}});
      if (!token.empty()) body.set("NextToken", token);
      MDL_TRY(const auto answer, shared_->client->json(Service::metrics, "GetMetricData", body, true));
      for (const auto& result : answer["MetricDataResults"].as_array()) take(result, points, metrics.total);
      token = answer["NextToken"].as_string();
    } while (!token.empty());
    for (auto& [second, point] : points) {
      point.time = Time{std::chrono::seconds{second}};
      metrics.points.push_back(point);
    }
    metrics.total.time = report.from;
    return metrics;
  }

  static void take(const Value& result, std::map<std::int64_t, MetricPoint>& points, MetricPoint& total) {
    const auto& id = result["Id"].as_string();
    const auto &times = result["Timestamps"].as_array(), &values = result["Values"].as_array();
    for (const auto& figure : figures) {
      for (std::size_t i = 0; i < std::min(times.size(), values.size()); ++i) {
        if (id == std::string("s_") + figure.id)
          points[second_of(times[i])].*figure.member = values[i].as_number();
        if (id == std::string("w_") + figure.id) {
          const bool sum = std::string_view(figure.statistic) == "Sum";
          auto& member = total.*figure.member;
          member = sum ? member + values[i].as_number() : std::max(member, values[i].as_number());
        }
      }
    }
  }

  SharedParts shared_;
};

}  // namespace

std::unique_ptr<provider::Metrics> make_metrics(const SharedParts& shared) {
  return std::make_unique<AwsMetrics>(shared);
}

}  // namespace mdl::aws
