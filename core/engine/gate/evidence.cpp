#include "core/engine/gate/evidence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace mdl::engine::gate {

namespace {

// How many times the odds are those of the hypothesis. From "a third more" to "fails always".
constexpr std::array<double, 8> grid{1.3, 1.7, 2.4, 3.6, 6, 12, 30, 100};

double log_sum(std::span<const double> logs) {
  const double largest = *std::ranges::max_element(logs);
  if (!std::isfinite(largest)) return largest;
  double sum = 0;
  for (const double one : logs) sum += std::exp(one - largest);
  return largest + std::log(sum);
}

double log_mean(std::span<const double> logs) {
  return log_sum(logs) - std::log(static_cast<double>(logs.size()));
}

// ln C(a,k) C(b,e-k) for each k that is possible, up to a common constant.
struct Ways {
  std::uint64_t lowest = 0;
  std::vector<double> logs;
};

Ways ways(const Block& block) {
  const auto a = block.fresh, b = block.stable, e = block.fresh_events + block.stable_events;
  Ways found{.lowest = e > b ? e - b : 0, .logs = {0.0}};
  const auto highest = std::min(a, e);
  for (auto k = found.lowest; k < highest; ++k) {
    const auto up = static_cast<double>(a - k) * static_cast<double>(e - k);
    const auto down = static_cast<double>(k + 1) * static_cast<double>(b + k + 1 - e);
    found.logs.push_back(found.logs.back() + std::log(up / down));
  }
  return found;
}

// ln P_ω(k), up to a constant that is the same for every ω.
double log_likelihood(const Ways& ways, std::uint64_t k, double ratio) {
  const double log_ratio = std::log(ratio);
  auto terms = ways.logs;
  for (std::size_t i = 0; i < terms.size(); ++i) terms[i] += static_cast<double>(i) * log_ratio;
  return static_cast<double>(k - ways.lowest) * log_ratio - log_sum(terms);
}

}  // namespace

static_assert(grid.size() == 8);

Evidence::Evidence(int starts) : starts_(std::max(1, starts)) {}

void Evidence::start() {
  if (static_cast<int>(components_.size()) < starts_) components_.push_back({});
}

void Evidence::multiply(const Logs& factors) {
  for (auto& component : components_)
    for (std::size_t i = 0; i < grid_size; ++i) component[i] += factors[i];
}

void Evidence::compare(const Block& block, double tolerated) {
  if (block.fresh == 0 || block.stable == 0) return;
  if (block.fresh_events > block.fresh || block.stable_events > block.stable) return;  // no counts
  if (block.fresh_events + block.stable_events == 0) return;  // only one k is possible
  const auto possible = ways(block);
  const double hypothesis = log_likelihood(possible, block.fresh_events, tolerated);
  Logs factors;
  for (std::size_t i = 0; i < grid_size; ++i)
    factors[i] = log_likelihood(possible, block.fresh_events, tolerated * grid[i]) - hypothesis;
  multiply(factors);
}

void Evidence::limit(std::uint64_t trials, std::uint64_t events, double limit) {
  if (trials == 0 || events > trials || limit >= 1) return;
  if (limit <= 0) {
    ruled_out_ = ruled_out_ || events > 0;
    return;
  }
  const double odds = limit / (1 - limit);
  Logs factors;
  for (std::size_t i = 0; i < grid_size; ++i) {
    const double rate = grid[i] * odds / (1 + grid[i] * odds);
    factors[i] = static_cast<double>(events) * std::log(rate / limit) +
                 static_cast<double>(trials - events) * std::log((1 - rate) / (1 - limit));
  }
  multiply(factors);
}

double Evidence::log() const {
  if (ruled_out_) return std::numeric_limits<double>::infinity();
  std::vector<double> logs(static_cast<std::size_t>(starts_), 0.0);  // what has not begun is worth 1
  for (std::size_t i = 0; i < components_.size(); ++i) logs[i] = log_mean(components_[i]);
  return log_mean(logs);
}

int Evidence::strongest() const {
  int best = 0;
  double most = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < components_.size(); ++i)
    if (const double log = log_mean(components_[i]); log > most) {
      most = log;
      best = static_cast<int>(i);
    }
  return best;
}

}  // namespace mdl::engine::gate
