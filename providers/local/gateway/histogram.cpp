#include "providers/local/gateway/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "providers/local/gateway/gateway.hpp"

namespace mdl::local {

namespace {

constexpr std::uint64_t steps = 10;  // an octave; also the first bound in µs

}  // namespace

std::chrono::microseconds histogram_bound(std::size_t bucket) {
  const std::uint64_t octave = bucket / steps;
  const std::uint64_t step = bucket % steps;
  return std::chrono::microseconds((steps + step) << octave);
}

std::size_t gateway::histogram_bucket(std::chrono::nanoseconds time) {
  const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(0, (time.count() + 999) / 1000));
  if (micros <= steps) return 0;
  // The octave with steps·2^octave < micros ≤ steps·2^(octave + 1).
  const auto octave = static_cast<std::uint64_t>(std::bit_width((micros - 1) / steps) - 1);
  const std::uint64_t unit = std::uint64_t{1} << octave;
  const std::uint64_t step = (micros + unit - 1) / unit - steps;
  return std::min<std::size_t>(octave * steps + step, histogram_size - 1);
}

double histogram_quantile_ms(const std::vector<std::uint64_t>& histogram, double q) {
  const auto total = std::accumulate(histogram.begin(), histogram.end(), std::uint64_t{0});
  if (total == 0) return 0;
  const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(total);
  double below = 0;
  for (std::size_t i = 0; i < histogram.size(); ++i) {
    if (histogram[i] == 0) continue;
    const auto count = static_cast<double>(histogram[i]);
    if (below + count >= rank) {
      const auto from = i == 0 ? 0.0 : static_cast<double>(histogram_bound(i - 1).count());
      const auto to = static_cast<double>(histogram_bound(i).count());
      return (from + (to - from) * (rank - below) / count) / 1000;
    }
    below += count;
  }
  return static_cast<double>(histogram_bound(histogram.size() - 1).count()) / 1000;
}

}  // namespace mdl::local
