#include "providers/local/supervisor/metrics.hpp"

#include <algorithm>
#include <optional>

namespace mdl::local::supervisor {

namespace {

// Several samples taken together: counts add up, gauges are their mean.
struct Sum {
  std::uint64_t requests = 0, errors = 0;
  std::vector<std::uint64_t> histogram;
  int samples = 0, replicas = 0;
  double cpu = 0, memory = 0;

  void add(const Sample& sample) {
    requests += sample.requests;
    errors += sample.errors;
    for (const auto& [bucket, count] : sample.histogram) {
      if (histogram.size() <= bucket) histogram.resize(bucket + 1u);
      histogram[bucket] += count;
    }
    ++samples;
    replicas = sample.replicas;  // as it was at the end
    cpu += static_cast<double>(sample.cpu);
    memory += static_cast<double>(sample.memory_bytes);
  }

  Value point(std::int64_t second) const {
    const auto mean = samples == 0 ? 0 : 1.0 / samples;
    return Value::object({{"time", second * 1'000'000'000},
                          {"requests", requests},
                          {"errors", errors},
                          {"p50_ms", histogram_quantile_ms(histogram, 0.50)},
                          {"p95_ms", histogram_quantile_ms(histogram, 0.95)},
                          {"p99_ms", histogram_quantile_ms(histogram, 0.99)},
                          {"replicas", replicas},
                          {"cpu", cpu * mean},
                          {"memory_bytes", static_cast<std::int64_t>(memory * mean)}});
  }
};

Sample sample_of(const GatewayStats* stats) {
  Sample sample;
  if (!stats) return sample;
  sample.requests = static_cast<std::uint32_t>(stats->requests);
  sample.errors = static_cast<std::uint32_t>(stats->errors);
  for (std::size_t i = 0; i < stats->histogram.size(); ++i)
    if (stats->histogram[i] > 0)
      sample.histogram.emplace_back(static_cast<std::uint16_t>(i),
                                    static_cast<std::uint32_t>(stats->histogram[i]));
  return sample;
}

void add_to(Totals& totals, const GatewayStats& stats) {
  totals.requests += stats.requests;
  totals.errors += stats.errors;
  if (totals.histogram.size() < stats.histogram.size()) totals.histogram.resize(stats.histogram.size());
  for (std::size_t i = 0; i < stats.histogram.size(); ++i) {
    totals.histogram[i] += stats.histogram[i];
    totals.seconds +=
        static_cast<double>(stats.histogram[i]) * static_cast<double>(histogram_bound(i).count()) / 1e6;
  }
}

Value counts(const Totals& totals) {
  auto histogram = Value::array();
  for (std::size_t i = 0; i < totals.histogram.size(); ++i)
    if (totals.histogram[i] > 0) histogram.push(Value::array({i, totals.histogram[i]}));
  return Value::object(
      {{"requests", totals.requests}, {"errors", totals.errors}, {"histogram", std::move(histogram)}});
}

void merge(Sample& into, const Sample& more) {
  into.requests += more.requests;
  into.errors += more.errors;
  into.histogram.insert(into.histogram.end(), more.histogram.begin(), more.histogram.end());
  into.replicas = more.replicas;
  into.cpu = more.cpu;
  into.memory_bytes = more.memory_bytes;
}

}  // namespace

void Metrics::add(std::int64_t second, int release, const GatewayStats* stats, int replicas, double cpu,
                  std::int64_t memory) {
  if (stats) add_to(totals_[release], *stats);
  auto sample = sample_of(stats);
  sample.replicas = replicas;
  sample.cpu = static_cast<float>(cpu);
  sample.memory_bytes = memory;
  auto& entries = releases_[release];
  // The wall clock may jump back: then the newest second grows until it is reached again.
  if (!entries.empty() && entries.back().second >= second) {
    merge(entries.back().sample, sample);
  } else {
    entries.push_back({second, std::move(sample)});
  }
  for (auto it = releases_.begin(); it != releases_.end();) {
    auto& old = it->second;
    while (!old.empty() && old.front().second <= second - longest_seconds) old.pop_front();
    it = old.empty() ? releases_.erase(it) : std::next(it);
  }
}

Value Metrics::report(Time now, Milliseconds window, Milliseconds step) const {
  using std::chrono::seconds;
  const auto whole = [](Milliseconds time) { return std::chrono::ceil<seconds>(time).count(); };
  const auto width = std::clamp<std::int64_t>(whole(step), 1, longest_seconds);
  const auto length = std::clamp<std::int64_t>(whole(window), width, longest_seconds);
  const auto end = std::chrono::floor<seconds>(now).time_since_epoch().count();
  const auto points = (length + width - 1) / width;
  const auto begin = end - points * width;  // seconds in (begin, end]: the present one has just been counted
  auto releases = Value::array();
  for (const auto& [number, entries] : releases_) {
    Sum total;
    std::vector<Sum> sums(static_cast<std::size_t>(points));
    for (const auto& entry : entries) {
      if (entry.second <= begin || entry.second > end) continue;
      total.add(entry.sample);
      sums[static_cast<std::size_t>((entry.second - begin - 1) / width)].add(entry.sample);
    }
    if (total.samples == 0) continue;
    auto list = Value::array();
    for (std::int64_t i = 0; i < points; ++i)
      list.push(sums[static_cast<std::size_t>(i)].point(begin + 1 + i * width));
    const auto counted = totals_.find(number);
    releases.push(Value::object({{"release", number},
                                 {"total", total.point(begin + 1)},
                                 {"points", std::move(list)},
                                 {"counts", counts(counted == totals_.end() ? Totals{} : counted->second)}}));
  }
  return Value::object({{"from", (begin + 1) * 1'000'000'000},
                        {"to", (end + 1) * 1'000'000'000},
                        {"step_ms", width * 1000},
                        {"releases", std::move(releases)},
                        {"own", Value::array()}});
}

}  // namespace mdl::local::supervisor
