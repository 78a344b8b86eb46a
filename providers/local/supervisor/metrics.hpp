#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/util/clock.hpp"
#include "core/util/value.hpp"
#include "providers/local/gateway/gateway.hpp"

namespace mdl::local::supervisor {

// What happened to one release within one second.
struct Sample {
  std::uint32_t requests = 0, errors = 0;
  std::vector<std::pair<std::uint16_t, std::uint32_t>> histogram;  // buckets that are not empty
  int replicas = 0;
  float cpu = 0;  // cores
  std::int64_t memory_bytes = 0;
};

// Counts since the supervisor started.
struct Totals {
  std::uint64_t requests = 0, errors = 0;
  std::vector<std::uint64_t> histogram;
  double seconds = 0;  // of all requests, from the histogram's bounds
};

// The last hour of one service, second by second.
class Metrics {
 public:
  static constexpr int longest_seconds = 3600;

  // `second`: since 1970. Called with rising seconds; a second that comes twice is added to.
  void add(std::int64_t second, int release, const GatewayStats* stats, int replicas, double cpu,
           std::int64_t memory);
  // MetricsReport without `own`, see protocol.hpp. The window ends at `now` and is at most an hour; the step
  // is at least 1 s.
  Value report(Time now, Milliseconds window, Milliseconds step) const;
  const std::map<int, Totals>& totals() const { return totals_; }
  // All of it, for the program that goes on in this process.
  Value hand_over() const;
  void take_over(const Value& value);
  void forget(int release) { totals_.erase(release); }

 private:
  struct Entry {
    std::int64_t second = 0;
    Sample sample;
  };
  std::map<int, std::deque<Entry>> releases_;
  std::map<int, Totals> totals_;
};

}  // namespace mdl::local::supervisor
