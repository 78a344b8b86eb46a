#include "core/engine/gate/answers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

namespace mdl::engine::gate {

namespace {

constexpr double unlike = std::numeric_limits<double>::infinity();

double between(double a, double b) { return std::abs(a - b) / std::max({1.0, std::abs(a), std::abs(b)}); }

double between(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a == b ? 0 : between(a.as_number(), b.as_number());
  double most = 0;
  if (a.is_array() && b.is_array()) {
    const auto &left = a.as_array(), &right = b.as_array();
    if (left.size() != right.size()) return unlike;
    for (std::size_t i = 0; i < left.size(); ++i) most = std::max(most, between(left[i], right[i]));
    return most;
  }
  if (a.is_object() && b.is_object()) {
    if (a.as_object().size() != b.as_object().size()) return unlike;
    for (const auto& [name, value] : a.as_object()) {
      if (!b.contains(name)) return unlike;
      most = std::max(most, between(value, b[name]));
    }
    return most;
  }
  return a == b ? 0 : unlike;
}

// An answer, parsed once.
struct Read {
  explicit Read(const Answer& from) : answer(from) {
    if (auto parsed = parse_json(from.body)) json = std::move(*parsed);
  }
  const Answer& answer;
  std::optional<Value> json;
};

double between(const Read& a, const Read& b, double tolerance) {
  if (a.answer.status != b.answer.status) return unlike;
  if (a.answer.body == b.answer.body) return 0;
  if (!a.json || !b.json) return unlike;
  const double found = between(*a.json, *b.json);
  return found <= tolerance ? 0 : found;
}

}  // namespace

double distance(const Answer& a, const Answer& b, double tolerance) {
  return between(Read(a), Read(b), tolerance);
}

Asks asks(std::size_t requests) {
  const double wanted = static_cast<double>(std::max<std::size_t>(1, requests)) / false_answer_alarms;
  std::size_t fresh = 1;
  double ways = 3;  // C(2·1 + 1, 1)
  while (ways < wanted) {
    ++fresh;
    const auto m = static_cast<double>(fresh);
    ways *= (2 * m + 1) * 2 * m / (m * (m + 1));
  }
  return {.stable = fresh + 1, .fresh = fresh};
}

bool differ(std::span<const Answer> stable, std::span<const Answer> fresh, double tolerance) {
  std::vector<Read> all;
  for (const auto& answer : stable) all.emplace_back(answer);
  for (const auto& answer : fresh) all.emplace_back(answer);
  if (stable.empty() || fresh.empty() || all.size() < 3) return false;
  double farthest_stable = 0, nearest_fresh = unlike;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<double> others;
    for (std::size_t j = 0; j < all.size(); ++j)
      if (i != j) others.push_back(between(all[i], all[j], tolerance));
    std::ranges::sort(others);
    const double median = others[(others.size() - 1) / 2];
    if (i < stable.size())
      farthest_stable = std::max(farthest_stable, median);
    else
      nearest_fresh = std::min(nearest_fresh, median);
  }
  return nearest_fresh > farthest_stable;
}

}  // namespace mdl::engine::gate
