#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <tuple>

#include "core/engine/gate/evidence.hpp"
#include "tests/fakes/traffic.hpp"

using namespace mdl;
using engine::gate::Block;
using engine::gate::Evidence;

namespace {

double log_choose(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

// What a block is worth on average when the odds of the new release are `ratio` times the stable one's.
double expected_comparison(std::uint64_t a, std::uint64_t b, std::uint64_t e, double ratio,
                           double tolerated) {
  double weights = 0, value = 0;
  for (std::uint64_t k = e > b ? e - b : 0; k <= std::min(a, e); ++k) {
    Evidence evidence(1);
    evidence.start();
    evidence.compare({.fresh = a, .fresh_events = k, .stable = b, .stable_events = e - k}, tolerated);
    const auto [da, db, de, dk] = std::tuple(double(a), double(b), double(e), double(k));
    const double weight = std::exp(log_choose(da, dk) + log_choose(db, de - dk) + dk * std::log(ratio));
    weights += weight;
    value += weight * std::exp(evidence.log());
  }
  return value / weights;
}

double expected_limit(std::uint64_t trials, double rate, double limit) {
  double value = 0;
  for (std::uint64_t k = 0; k <= trials; ++k) {
    Evidence evidence(1);
    evidence.start();
    evidence.limit(trials, k, limit);
    const auto n = double(trials), x = double(k);
    value += std::exp(log_choose(n, x) + x * std::log(rate) + (n - x) * std::log(1 - rate) + evidence.log());
  }
  return value;
}

}  // namespace

TEST_CASE(
    "gate evidence: a block is worth 1 on average at the border of what is tolerated, and less below it") {
  for (const double tolerated : {1.0, 1.1})
    for (const auto& [a, b, e] :
         {std::tuple(1u, 9u, 1u), {1u, 1u, 1u}, {5u, 40u, 7u}, {30u, 30u, 25u}, {3u, 2u, 4u}}) {
      CAPTURE(a);
      CHECK(expected_comparison(a, b, e, tolerated, tolerated) == doctest::Approx(1).epsilon(1e-9));
      CHECK(expected_comparison(a, b, e, tolerated / 2, tolerated) <= 1);
      CHECK(expected_comparison(a, b, e, tolerated * 8, tolerated) > 1);
    }
}

TEST_CASE("gate evidence: requests against a limit are worth 1 on average at the limit, and less below it") {
  for (const double limit : {0.01, 0.05, 0.5}) {
    CHECK(expected_limit(40, limit, limit) == doctest::Approx(1).epsilon(1e-9));
    CHECK(expected_limit(40, limit / 3, limit) < 1);
    CHECK(expected_limit(40, std::min(0.9, limit * 4), limit) > 1);
  }
}

TEST_CASE("gate evidence: starts that have not begun are worth 1, so that a later one begins no richer") {
  Evidence evidence(4);
  CHECK(evidence.log() == doctest::Approx(0));
  evidence.start();
  const Block bad{.fresh = 10, .fresh_events = 10, .stable = 90, .stable_events = 0};
  evidence.compare(bad, 1);
  Evidence alone(1);
  alone.start();
  alone.compare(bad, 1);
  CHECK(std::exp(evidence.log()) == doctest::Approx((std::exp(alone.log()) + 3) / 4));
  CHECK(evidence.strongest() == 0);
}

TEST_CASE("gate evidence: a regression that begins later is found by the start that came with it") {
  Evidence evidence(2);
  evidence.start();
  for (int i = 0; i < 300; ++i)
    evidence.compare({.fresh = 1, .fresh_events = 0, .stable = 9, .stable_events = i % 10 == 0}, 1);
  CHECK(evidence.log() < 0);
  evidence.start();
  for (int i = 0; i < 30; ++i)
    evidence.compare({.fresh = 5, .fresh_events = 1, .stable = 5, .stable_events = 0}, 1);
  CHECK(evidence.strongest() == 1);
  CHECK(evidence.log() > 5);
}

TEST_CASE("gate evidence: an outage that strikes both releases is no evidence, whenever one looks") {
  int over = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Evidence evidence(1);
    evidence.start();
    fakes::Random random(seed);
    double most = 0;
    for (int second = 0; second < 40; ++second) {
      const double rate = second > 10 && second < 30 ? 0.6 : 0.01;
      Block block{.fresh = 5, .stable = 45};
      for (int i = 0; i < 5; ++i) block.fresh_events += random.happens(rate);
      for (int i = 0; i < 45; ++i) block.stable_events += random.happens(rate);
      evidence.compare(block, 1);
      most = std::max(most, evidence.log());
    }
    over += most >= std::log(20);
  }
  MESSAGE(over, " of 400 ever came over 20");
  CHECK(over <= 20);
}

TEST_CASE("gate evidence: what cannot say anything changes nothing") {
  Evidence evidence(1);
  evidence.start();
  evidence.compare({.fresh = 0, .fresh_events = 0, .stable = 9, .stable_events = 3}, 1);
  evidence.compare({.fresh = 9, .fresh_events = 9, .stable = 0, .stable_events = 0}, 1);
  evidence.compare({.fresh = 9, .fresh_events = 0, .stable = 9, .stable_events = 0}, 1);
  evidence.compare({.fresh = 1, .fresh_events = 2, .stable = 9, .stable_events = 0}, 1);
  evidence.limit(0, 0, 0.01);
  evidence.limit(10, 10, 1);
  evidence.limit(1, 2, 0.01);
  CHECK(evidence.log() == 0);
}

TEST_CASE("gate evidence: a limit of no errors is broken by the first") {
  Evidence evidence(1);
  evidence.start();
  evidence.limit(1'000, 0, 0);
  CHECK(evidence.log() == 0);
  evidence.limit(1, 1, 0);
  CHECK(std::isinf(evidence.log()));
}

TEST_CASE("gate evidence: large counts stay finite") {
  Evidence evidence(1);
  evidence.start();
  evidence.compare({.fresh = 40'000, .fresh_events = 20'000, .stable = 50'000, .stable_events = 25'000}, 1.1);
  CHECK(std::isfinite(evidence.log()));
  CHECK(evidence.log() < 0);
}
