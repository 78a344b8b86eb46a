#include "providers/local/supervisor/metrics.hpp"

// An hour of seconds is large: lists instead of objects.
namespace mdl::local::supervisor {

namespace {

Value sample_to(std::int64_t second, const Sample& sample) {
  auto histogram = Value::array();
  for (const auto& [bucket, count] : sample.histogram) {
    histogram.push(int{bucket});
    histogram.push(std::int64_t{count});
  }
  return Value::array({second, std::int64_t{sample.requests}, std::int64_t{sample.errors}, sample.replicas,
                       static_cast<double>(sample.cpu), sample.memory_bytes, std::move(histogram)});
}

Sample sample_from(const Value::Array& list) {
  Sample sample{.requests = static_cast<std::uint32_t>(list[1].as_integer()),
                .errors = static_cast<std::uint32_t>(list[2].as_integer()),
                .histogram = {},
                .replicas = static_cast<int>(list[3].as_integer()),
                .cpu = static_cast<float>(list[4].as_number()),
                .memory_bytes = list[5].as_integer()};
  const auto& histogram = list[6].as_array();
  for (std::size_t i = 0; i + 1 < histogram.size(); i += 2)
    sample.histogram.emplace_back(static_cast<std::uint16_t>(histogram[i].as_integer()),
                                  static_cast<std::uint32_t>(histogram[i + 1].as_integer()));
  return sample;
}

}  // namespace

Value Metrics::hand_over() const {
  auto releases = Value::array(), totals = Value::array();
  for (const auto& [number, entries] : releases_) {
    auto list = Value::array();
    for (const auto& entry : entries) list.push(sample_to(entry.second, entry.sample));
    releases.push(Value::array({number, std::move(list)}));
  }
  for (const auto& [number, total] : totals_) {
    auto histogram = Value::array();
    for (const auto count : total.histogram) histogram.push(count);
    totals.push(Value::array({number, total.requests, total.errors, total.seconds, std::move(histogram)}));
  }
  return Value::object({{"releases", std::move(releases)}, {"totals", std::move(totals)}});
}

void Metrics::take_over(const Value& value) {
  for (const auto& one : value["releases"].as_array()) {
    const auto& pair = one.as_array();
    if (pair.size() < 2) continue;
    auto& entries = releases_[static_cast<int>(pair[0].as_integer())];
    for (const auto& entry : pair[1].as_array())
      if (const auto& list = entry.as_array(); list.size() >= 7)
        entries.push_back({list[0].as_integer(), sample_from(list)});
  }
  for (const auto& one : value["totals"].as_array()) {
    const auto& list = one.as_array();
    if (list.size() < 5) continue;
    auto& total = totals_[static_cast<int>(list[0].as_integer())];
    total.requests = static_cast<std::uint64_t>(list[1].as_integer());
    total.errors = static_cast<std::uint64_t>(list[2].as_integer());
    total.seconds = list[3].as_number();
    total.histogram.clear();
    for (const auto& count : list[4].as_array())
      total.histogram.push_back(static_cast<std::uint64_t>(count.as_integer()));
  }
}

}  // namespace mdl::local::supervisor
