// How many requests a bad release gets before the gate stops it, beside a Mann-Whitney test with a fixed
// horizon, which is what Kayenta decides by (spinnaker/kayenta, MannWhitneyClassifier). Simulated on virtual
// time, from seeds.
//
//   cmake --build --preset release --target gate_bench && build/release/tests/gate_bench [runs]
//
// Fairness, in the Mann-Whitney test's favour where there was a choice:
// - it gets every single response time (Kayenta gets one figure a minute, asks for at least 50 of them, and
// so exposes about
//   an hour of traffic: spinnaker.io/guides/user/canary/best-practices) and, for errors, each request's
//   outcome;
// - its critical value is set by simulation, so that both stop the same share of rollouts of an equal release
// (ours is
//   measured first);
// - a fixed horizon has to be chosen before the regression is known. "planned" is the smallest that catches
// the smallest
//   regression of each table in 95 % of the runs: what one would really choose; each run exposes all of it.
//   "oracle" is the smallest that would catch exactly this row's regression: it can't be known, and is the
//   best that any fixed test could do.
//
// Exposed: requests that the new release answered. One step of 50 %, 50 requests a second.
#include "core/engine/gate/gate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/fakes/traffic.hpp"

using namespace mdl;
using fakes::Conduct;
using fakes::Traffic;

namespace {

constexpr double rate = 50, share = 0.5;
constexpr int longest = 1'200;  // seconds: 30,000 requests to the new release

struct Table {
  const char* name;
  const char* unit;
  bool errors;
  std::vector<double> sizes;
  Conduct (*conduct)(double size);
};

struct Ours {
  double caught = 0;
  std::uint64_t median = 0, p95 = 0;
};

// Requests exposed until the gate stopped the release; nullopt: it never did.
std::optional<std::uint64_t> gate_run(std::uint64_t seed, const Conduct& fresh, int seconds) {
  Traffic traffic(seed, {}, fresh);
  for (int i = 0; i < 10; ++i) traffic.second(rate, 0);
  engine::gate::Gate gate({.errors = 1, .p95 = Milliseconds{0}}, 1, traffic.stable, traffic.fresh);
  gate.step();
  for (int i = 0; i < seconds; ++i) {
    traffic.second(rate, share);
    if (gate.look(&traffic.stable, &traffic.fresh)) return traffic.fresh.requests;
  }
  return std::nullopt;
}

Ours ours(const Conduct& fresh, int runs, int seconds) {
  std::vector<std::uint64_t> exposed;
  int caught = 0;
  for (int i = 0; i < runs; ++i) {
    const auto at = gate_run(static_cast<std::uint64_t>(i + 1), fresh, seconds);
    caught += at.has_value();
    exposed.push_back(at.value_or(static_cast<std::uint64_t>(seconds * rate * share)));
  }
  std::ranges::sort(exposed);
  const auto at = [&](double q) {
    return exposed[static_cast<std::size_t>(q * static_cast<double>(exposed.size() - 1))];
  };
  return {.caught = static_cast<double>(caught) / runs, .median = at(0.5), .p95 = at(0.95)};
}

// The standardised Mann-Whitney statistic of n requests of each release: large when the new ones are larger.
double mann_whitney(std::uint64_t seed, const Conduct& fresh, std::size_t n, bool errors) {
  Traffic traffic(seed, {}, fresh);
  std::vector<std::pair<double, bool>> all;
  for (std::size_t i = 0; i < n; ++i) {
    const auto a = traffic.stable_request(), b = traffic.fresh_request();
    all.emplace_back(errors ? a.failed : a.ms, false);
    all.emplace_back(errors ? b.failed : b.ms, true);
  }
  std::ranges::sort(all);
  double rank_sum = 0, ties = 0;
  for (std::size_t i = 0, j = 0; i < all.size(); i = j) {
    while (j < all.size() && all[j].first == all[i].first) ++j;
    const double rank = static_cast<double>(i + 1 + j) / 2, count = static_cast<double>(j - i);
    ties += count * count * count - count;
    for (auto k = i; k < j; ++k) rank_sum += all[k].second ? rank : 0;
  }
  const auto m = static_cast<double>(n), total = 2 * m;
  const double variance = m * m / 12 * (total + 1 - ties / (total * (total - 1)));
  const double u = rank_sum - m * (m + 1) / 2 - m * m / 2;
  return variance > 0 ? u / std::sqrt(variance) : 0;
}

// The quantile of the standard normal distribution, by bisection.
double critical_value(double false_alarms) {
  double low = 0, high = 10;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::sqrt(2.0)) / 2 > false_alarms ? low : high) = middle;
  }
  return low;
}

bool catches(const Conduct& fresh, std::size_t n, bool errors, double critical, int runs) {
  int caught = 0;
  for (int i = 0; i < runs; ++i)
    caught += mann_whitney(static_cast<std::uint64_t>(i + 1), fresh, n, errors) > critical;
  return caught >= 0.95 * runs;
}

// The smallest horizon, within 5 %, that catches the regression in 95 % of the runs; 0: none up to the
// longest.
std::size_t horizon(const Conduct& fresh, bool errors, double critical, int runs) {
  const auto most = static_cast<std::size_t>(longest * rate * share);
  std::size_t low = 2, high = 4;
  while (!catches(fresh, high, errors, critical, runs)) {
    low = high;
    if (high >= most) return 0;
    high = std::min(most, high * 2);
  }
  while (static_cast<double>(high - low) > std::max(1.0, 0.05 * static_cast<double>(high))) {
    const auto middle = (low + high) / 2;
    (catches(fresh, middle, errors, critical, runs) ? high : low) = middle;
  }
  return high;
}

std::string known(std::size_t n) { return n == 0 ? "-" : std::to_string(n); }

void print(const Table& table, double false_alarms, int runs) {
  const double critical = critical_value(false_alarms);
  std::size_t planned = 0;
  std::printf("\n%s: requests exposed until the regression is caught in 95 %% of the runs\n", table.name);
  std::printf("  %-12s %8s %10s %10s   %10s %10s   %s\n", "regression", "caught", "median", "95 %", "planned",
              "oracle", "median / planned");
  for (const double size : table.sizes) {
    const auto conduct = table.conduct(size);
    const auto mine = ours(conduct, runs, longest);
    const auto oracle = horizon(conduct, table.errors, critical, std::min(runs, 200));
    if (size == table.sizes.front()) planned = oracle;
    char label[32], ratio[32] = "-";
    std::snprintf(label, sizeof label, table.unit, size);
    if (planned > 0)
      std::snprintf(ratio, sizeof ratio, "%.2f",
                    static_cast<double>(mine.median) / static_cast<double>(planned));
    std::printf("  %-12s %6.1f %% %10llu %10llu   %10s %10s   %s\n", label, 100 * mine.caught,
                static_cast<unsigned long long>(mine.median), static_cast<unsigned long long>(mine.p95),
                known(planned).c_str(), known(oracle).c_str(), ratio);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::max(20, std::atoi(argv[1])) : 200;
  const auto equal = ours({}, 5 * runs, 300);
  std::printf(
      "Equal releases, 5 minutes, a look each second: %.1f %% of %d rollouts stopped (stated: under %.0f "
      "%%).\n",
      100 * equal.caught, 5 * runs, 100 * engine::gate::false_alarms);
  const double level = std::max(equal.caught, 1.0 / (5 * runs));
  std::printf("The Mann-Whitney test is set to the same false alarms: %.2f %%.\n", 100 * level);
  print({"All times longer",
         "x %.2f",
         false,
         {1.25, 1.5, 2, 3, 5},
         [](double size) { return Conduct{.slower = size}; }},
        level, runs);
  print({"Only the slowest tenth longer",
         "x %.2f",
         false,
         {1.5, 2, 3, 5, 10},
         [](double size) { return Conduct{.tail_slower = size}; }},
        level, runs);
  print({"More errors (0.2 % before)",
         "+ %.1f %%",
         true,
         {0.5, 1, 2, 5, 20, 99},
         [](double size) { return Conduct{.errors = 0.002 + size / 100}; }},
        level, runs);
}
