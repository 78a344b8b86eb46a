#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <mutex>
#include <tuple>

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

constexpr std::int64_t minute = 60;

struct Query {
  std::string id, metric, statistic;
};

// Per version behind the alias: its metrics bear the alias as Resource and the version as ExecutedVersion.
Value query_of(const Names& names, const std::string& version, const Query& query, std::int64_t period) {
  auto dimensions = Value::array();
  const auto add = [&](const char* name, const std::string& value) {
    dimensions.push(Value::object({{"Name", name}, {"Value", value}}));
  };
  add("FunctionName", names.function);
  add("Resource", names.function + ":" + live_alias);
  add("ExecutedVersion", version);
  return Value::object(
      {{"Id", query.id},
       {"ReturnData", true},
       {"MetricStat", Value::object({{"Metric", Value::object({{"Namespace", "AWS/Lambda"},
                                                               {"MetricName", query.metric},
                                                               {"Dimensions", std::move(dimensions)}})},
                                     {"Period", period},
                                     {"Stat", query.statistic}})}});
}

Value queries_of(const Names& names, const std::string& version, std::int64_t period,
                 const std::string& prefix) {
  auto queries = Value::array();
  for (const auto& figure : figures)
    queries.push(query_of(names, version, {prefix + figure.id, figure.metric, figure.statistic}, period));
  return queries;
}

// Bounds of response times in milliseconds, as counts of durations between them (the statistic "trimmed
// count").
constexpr std::array<double, 14> bounds_ms{5,   10,  20,  35,    50,    75,    100,
                                           200, 350, 500, 1'000, 2'000, 5'000, 20'000};

std::string bound(double ms) { return std::to_string(static_cast<int>(ms)); }

std::string between(std::size_t bucket) {
  const auto from = bucket == 0 ? std::string() : bound(bounds_ms[bucket - 1]);
  return "TC(" + from + ":" + (bucket == bounds_ms.size() ? std::string() : bound(bounds_ms[bucket])) + ")";
}

// What a release answered in whole minutes since this provider began to look.
Value count_queries(const Names& names, const std::string& version) {
  auto queries = Value::array();
  queries.push(query_of(names, version, {"c_requests", "Invocations", "Sum"}, minute));
  queries.push(query_of(names, version, {"c_errors", "Errors", "Sum"}, minute));
  for (std::size_t i = 0; i <= bounds_ms.size(); ++i)
    queries.push(query_of(names, version, {"t_" + std::to_string(i), "Duration", between(i)}, minute));
  return queries;
}

// A time comes as seconds since 1970, whole or not.
std::int64_t second_of(const Value& value) {
  if (value.is_number()) return static_cast<std::int64_t>(value.as_number());
  const auto parsed = parse_rfc3339(value.as_string());
  return parsed ? seconds_of(*parsed) : 0;
}

// CloudWatch shows whole minutes, and asks money for each figure: what was read a moment ago is good enough.
constexpr std::chrono::seconds fresh_for{10};

class AwsMetrics final : public provider::Metrics {
 public:
  explicit AwsMetrics(SharedParts shared)
      : shared_(std::move(shared)),
        counting_since_(seconds_of(shared_->client->clock().now()) / minute * minute) {}

  Result<MetricsReport> read(const ServiceRef& ref, Milliseconds window, Milliseconds step) override {
    const auto asked = std::tuple(ref.service, ref.target, window, step);
    const auto elapsed = shared_->client->clock().elapsed();
    const std::lock_guard lock(mutex_);
    if (last_ && asked_ == asked && elapsed - read_at_ < fresh_for) return *last_;
    MDL_TRY(auto report, fresh(ref, window, step));
    last_ = report;
    asked_ = asked;
    read_at_ = elapsed;
    return report;
  }

 private:
  Result<MetricsReport> fresh(const ServiceRef& ref, Milliseconds window, Milliseconds step) {
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
      MDL_TRY(metrics.counts, counts_of(names, *version, report));
      report.releases.push_back(std::move(metrics));
    }
    return report;
  }

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
    MDL_CHECK(ask(queries, begin, end, [&](const Value& result) { take(result, points, metrics.total); }));
    for (auto& [second, point] : points) {
      point.time = Time{std::chrono::seconds{second}};
      metrics.points.push_back(point);
    }
    metrics.total.time = report.from;
    return metrics;
  }

  // From a moment that stays, so that counts only grow.
  Result<provider::RequestCounts> counts_of(const Names& names, const Configuration& version,
                                            const MetricsReport& report) {
    provider::RequestCounts counts{.bounds_ms = {bounds_ms.begin(), bounds_ms.end()},
                                   .times = std::vector<std::uint64_t>(bounds_ms.size() + 1)};
    const auto add = [&](const Value& result) {
      double sum = 0;
      for (const auto& value : result["Values"].as_array()) sum += value.as_number();
      const auto whole = static_cast<std::uint64_t>(std::llround(sum));
      const auto& id = result["Id"].as_string();
      if (id == "c_requests") counts.requests += whole;
      if (id == "c_errors") counts.errors += whole;
      const auto bucket = id.starts_with("t_") ? parse_integer(id.substr(2)) : std::nullopt;
      if (bucket && *bucket >= 0 && static_cast<std::size_t>(*bucket) < counts.times.size())
        counts.times[static_cast<std::size_t>(*bucket)] += whole;
    };
    MDL_CHECK(
        ask(count_queries(names, version.version), counting_since_, seconds_of(report.to) + minute, add));
    return counts;
  }

  Result<void> ask(const Value& queries, std::int64_t begin, std::int64_t end,
                   const std::function<void(const Value&)>& on_result) {
    std::string token;
    do {
      auto body = Value::object({{"StartTime", begin}, {"EndTime", end}, {"MetricDataQueries", queries}});
      if (!token.empty()) body.set("NextToken", token);
      MDL_TRY(const auto answer, shared_->client->json(Service::metrics, "GetMetricData", body, true));
      for (const auto& result : answer["MetricDataResults"].as_array()) on_result(result);
      token = answer["NextToken"].as_string();
    } while (!token.empty());
    return {};
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
  const std::int64_t counting_since_;
  std::mutex mutex_;
  std::optional<MetricsReport> last_;
  std::tuple<std::string, std::string, Milliseconds, Milliseconds> asked_;
  std::chrono::nanoseconds read_at_{0};
};

}  // namespace

std::unique_ptr<provider::Metrics> make_metrics(const SharedParts& shared) {
  return std::make_unique<AwsMetrics>(shared);
}

}  // namespace mdl::aws
