#include "providers/local/supervisor/draining.hpp"

// What the two sides say to each other.
namespace mdl::local::supervisor {

namespace {

Value to_value(const Upstream& upstream) {
  return Value::array({upstream.release, upstream.replica, int{upstream.port}});
}

int integer(const Value& value) { return static_cast<int>(value.as_integer()); }

Upstream upstream_from(const Value::Array& list) {
  if (list.size() < 3) return {};
  return {integer(list[0]), integer(list[1]), static_cast<std::uint16_t>(list[2].as_integer())};
}

Value to_value(const GatewayStats& stats) {
  auto histogram = Value::array();
  for (std::size_t i = 0; i < stats.histogram.size(); ++i)
    if (stats.histogram[i] > 0) histogram.push(Value::array({i, stats.histogram[i]}));
  return Value::object({{"release", stats.release},
                        {"requests", stats.requests},
                        {"errors", stats.errors},
                        {"histogram", std::move(histogram)}});
}

GatewayStats stats_from(const Value& value) {
  GatewayStats stats{.release = integer(value["release"]),
                     .requests = static_cast<std::uint64_t>(value["requests"].as_integer()),
                     .errors = static_cast<std::uint64_t>(value["errors"].as_integer()),
                     .histogram = {}};
  for (const auto& one : value["histogram"].as_array()) {
    const auto& pair = one.as_array();
    if (pair.size() < 2 || pair[0].as_integer() < 0 || pair[0].as_integer() > 10'000) continue;
    const auto bucket = static_cast<std::size_t>(pair[0].as_integer());
    if (stats.histogram.size() <= bucket) stats.histogram.resize(bucket + 1);
    stats.histogram[bucket] = static_cast<std::uint64_t>(pair[1].as_integer());
  }
  return stats;
}

}  // namespace

Value to_value(const std::vector<GatewayLoad>& loads) {
  auto list = Value::array();
  for (const auto& load : loads) {
    auto in_flight = Value::array(), held = Value::array(), stats = Value::array();
    for (const auto& [upstream, count] : load.in_flight)
      in_flight.push(Value::array({to_value(upstream), count}));
    for (const auto& [release, count] : load.held) held.push(Value::array({release, count}));
    for (const auto& one : load.stats) stats.push(to_value(one));
    list.push(Value::object({{"key", load.key},
                             {"in_flight", std::move(in_flight)},
                             {"held", std::move(held)},
                             {"stats", std::move(stats)}}));
  }
  return list;
}

std::vector<GatewayLoad> loads_from(const Value& value) {
  std::vector<GatewayLoad> loads;
  for (const auto& one : value.as_array()) {
    GatewayLoad load{.key = one["key"].as_string(), .in_flight = {}, .held = {}, .stats = {}};
    for (const auto& entry : one["in_flight"].as_array())
      if (const auto& pair = entry.as_array(); pair.size() >= 2)
        load.in_flight.emplace_back(upstream_from(pair[0].as_array()), integer(pair[1]));
    for (const auto& entry : one["held"].as_array())
      if (const auto& pair = entry.as_array(); pair.size() >= 2)
        load.held.emplace_back(integer(pair[0]), integer(pair[1]));
    for (const auto& entry : one["stats"].as_array()) load.stats.push_back(stats_from(entry));
    loads.push_back(std::move(load));
  }
  return loads;
}

Value to_value(const Route& route) {
  auto split = Value::array(), upstreams = Value::array();
  for (const auto& share : route.split) split.push(Value::array({share.release, share.weight}));
  for (const auto& upstream : route.upstreams) upstreams.push(to_value(upstream));
  return Value::object({{"split", std::move(split)},
                        {"upstreams", std::move(upstreams)},
                        {"concurrency", route.concurrency},
                        {"max_held", route.max_held},
                        {"timeout_ms", std::int64_t{route.timeout.count()}}});
}

Route route_from(const Value& value) {
  Route route;
  for (const auto& one : value["split"].as_array())
    if (const auto& pair = one.as_array(); pair.size() >= 2)
      route.split.push_back({integer(pair[0]), pair[1].as_number()});
  for (const auto& one : value["upstreams"].as_array())
    route.upstreams.push_back(upstream_from(one.as_array()));
  if (value.contains("concurrency")) route.concurrency = integer(value["concurrency"]);
  if (value.contains("max_held")) route.max_held = integer(value["max_held"]);
  if (value.contains("timeout_ms")) route.timeout = Milliseconds(value["timeout_ms"].as_integer());
  return route;
}

}  // namespace mdl::local::supervisor
