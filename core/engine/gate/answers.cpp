#include "core/engine/gate/answers.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <vector>

#include "core/util/text.hpp"

namespace mdl::engine::gate {

namespace {

constexpr double unlike = std::numeric_limits<double>::infinity();

double between(double a, double b) { return std::abs(a - b) / std::max({1.0, std::abs(a), std::abs(b)}); }

std::vector<std::string_view> words_of(std::string_view text) {
  auto words = split(text, ' ');
  std::ranges::sort(words);
  return words;
}

// The share of the words of both that only one of them has: 0 to 1.
double between(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  const auto left = words_of(a), right = words_of(b);
  std::vector<std::string_view> common;
  std::ranges::set_intersection(left, right, std::back_inserter(common));
  const auto shared = 2 * static_cast<double>(common.size());
  // The same words in another order are not the same text.
  return std::max(1 - shared / static_cast<double>(left.size() + right.size()), 1e-3);
}

double between(const Value& a, const Value& b, double tolerance) {
  if (a.is_number() && b.is_number()) {
    const double found = a == b ? 0 : between(a.as_number(), b.as_number());
    return found <= tolerance ? 0 : found;
  }
  if (a.is_string() && b.is_string()) return between(a.as_string(), b.as_string());
  double sum = 0;
  if (a.is_array() && b.is_array()) {
    const auto &left = a.as_array(), &right = b.as_array();
    if (left.size() != right.size()) return unlike;
    for (std::size_t i = 0; i < left.size(); ++i) sum += between(left[i], right[i], tolerance);
    return sum;
  }
  if (a.is_object() && b.is_object()) {
    if (a.as_object().size() != b.as_object().size()) return unlike;
    for (const auto& [name, value] : a.as_object()) {
      if (!b.contains(name)) return unlike;
      sum += between(value, b[name], tolerance);
    }
    return sum;
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
  if (!a.json && !b.json) return between(std::string_view(a.answer.body), b.answer.body);
  if (!a.json || !b.json) return unlike;
  return between(*a.json, *b.json, tolerance);
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
