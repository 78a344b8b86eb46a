#include <doctest/doctest.h>
#include <functional>

#include "core/engine/gate/gate.hpp"
#include "tests/fakes/traffic.hpp"

using namespace mdl;
using fakes::Conduct;
using fakes::Random;
using fakes::Traffic;

namespace {

struct Run {
  std::uint64_t seed = 1;
  Conduct stable{}, fresh{};
  double rate = 20;  // requests a second
  int hold = 30;     // seconds a step
  manifest::Gate limits{.errors = 0.05, .p95 = Milliseconds{250}};
  std::function<void(Traffic&, int second)> weather = {};
};
struct Result {
  std::string alarm;
  std::uint64_t exposed = 0;  // requests to the new release
};

// A rollout in two steps, looked at each second.
Result roll_out(const Run& run) {
  Traffic traffic(run.seed, run.stable, run.fresh);
  for (int second = 0; second < 10; ++second) traffic.second(run.rate, 0);
  engine::gate::Gate gate(run.limits, 2, traffic.stable, traffic.fresh);
  int now = 0;
  for (const double share : {0.1, 0.5}) {
    gate.step();
    for (int second = 0; second < run.hold; ++second) {
      if (run.weather) run.weather(traffic, now++);
      traffic.second(run.rate, share);
      if (auto alarm = gate.look(&traffic.stable, &traffic.fresh))
        return {.alarm = *alarm, .exposed = traffic.fresh.requests};
    }
  }
  return {.alarm = "", .exposed = traffic.fresh.requests};
}

int alarms(int runs, const std::function<void(Run&, Random&)>& vary) {
  int count = 0;
  for (int i = 0; i < runs; ++i) {
    Run run{.seed = static_cast<std::uint64_t>(i + 1)};
    Random random(static_cast<std::uint64_t>(i + 100'000));
    vary(run, random);
    if (!roll_out(run).alarm.empty()) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE(
    "gate: of 1,000 rollouts of a release that is no worse, looked at each second, under 5 % are stopped") {
  const int stopped = alarms(1'000, [](Run& run, Random& random) {
    run.rate = 2 + 30 * random.uniform();
    run.stable.errors = run.fresh.errors = 0.03 * random.uniform();
  });
  MESSAGE(stopped, " of 1,000 stopped");
  CHECK(stopped < 50);
}

TEST_CASE("gate: trouble that both releases share, and times that move, raise no more alarms") {
  const int stopped = alarms(200, [](Run& run, Random& random) {
    run.limits = {.errors = 0.3, .p95 = Milliseconds{0}};
    const int begin = static_cast<int>(40 * random.uniform());
    run.weather = [begin](Traffic& traffic, int second) {
      const bool bad = second >= begin && second < begin + 15;
      traffic.common_errors = bad ? 0.2 : 0;
      traffic.trouble = bad ? 4 : 1 + 0.01 * second;
    };
  });
  MESSAGE(stopped, " of 200 stopped");
  CHECK(stopped < 10);
}

TEST_CASE("gate: a release with twice the p95 is caught in at least 95 % of rollouts") {
  CHECK(alarms(200, [](Run& run, Random&) { run.fresh.slower = 2; }) >= 190);
}

TEST_CASE("gate: a release with 2 % more errors is caught in at least 95 % of rollouts") {
  CHECK(alarms(200, [](Run& run, Random&) {
          run.fresh.errors += 0.02;
          run.hold = 60;
          run.rate = 40;
        }) >= 190);
}

TEST_CASE("gate: a release that always fails is caught within ten requests") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto result = roll_out({.seed = seed, .fresh = {.errors = 1}});
    CHECK(!result.alarm.empty());
    CHECK(result.exposed <= 10);
  }
}

TEST_CASE("gate: a release over the limits is stopped though the stable one is as bad") {
  const Conduct bad{.errors = 0.3};
  const auto errors = roll_out({.stable = bad, .fresh = bad});
  CHECK(errors.alarm.find("(limit 5 %)") != std::string::npos);
  const Conduct slow{.slower = 4};
  const auto times = roll_out({.stable = slow, .fresh = slow});
  CHECK(times.alarm.starts_with("p95 "));
  CHECK(times.alarm.find("(limit 250 ms)") != std::string::npos);
}

TEST_CASE("gate: the alarm says what was measured on both sides, the limit and after how many requests") {
  provider::RequestCounts stable{.requests = 1'000, .errors = 2}, fresh;
  engine::gate::Gate gate({.errors = 0.05, .p95 = {}}, 1, stable, fresh);
  gate.step();
  CHECK(!gate.look(&stable, &fresh));
  stable.requests += 900, fresh.requests += 100, stable.errors += 9, fresh.errors += 21;
  CHECK(gate.look(&stable, &fresh) == "errors 21 % against 1 % (limit 5 %), after 100 requests");
}

TEST_CASE("gate: a step says how many requests it saw and what they told") {
  provider::RequestCounts stable, fresh;
  engine::gate::Gate gate({.errors = 0.01, .p95 = {}}, 3, stable, fresh);
  gate.step();
  stable.requests = 30, fresh.requests = 3;
  CHECK(!gate.look(&stable, &fresh));
  CHECK(gate.passed() == "3 requests, too few to judge");
  gate.step();
  stable.requests += 3'000, fresh.requests += 1'904, stable.errors += 3, fresh.errors += 2;
  CHECK(!gate.look(&stable, &fresh));
  CHECK(gate.seen() == "1,904 requests, errors 0.1 %");
  CHECK(gate.passed() == "1,904 requests, no difference found");
  gate.step();
  fresh.requests += 412;
  CHECK(!gate.look(&stable, &fresh));
  CHECK(gate.passed() == "412 requests, within the limits");
}

TEST_CASE("gate: counts that begin anew are new requests, and a reading that is missing is none") {
  provider::RequestCounts stable{.requests = 500, .errors = 5}, fresh{.requests = 40, .errors = 1};
  engine::gate::Gate gate({.errors = 0.5, .p95 = {}}, 1, stable, fresh);
  gate.step();
  fresh = {.requests = 30, .errors = 0};
  CHECK(!gate.look(nullptr, &fresh));
  CHECK(gate.seen() == "30 requests, errors 0.0 %");
  CHECK(!gate.look(&stable, nullptr));
  CHECK(gate.seen() == "30 requests, errors 0.0 %");
}

TEST_CASE("gate: a handful of slow first requests, as a cold start has them, stops nothing") {
  Traffic traffic(3, {}, {});
  traffic.second(200, 0);
  engine::gate::Gate gate({.errors = 0.05, .p95 = {}}, 1, traffic.stable, traffic.fresh);
  gate.step();
  traffic.fresh.requests += 4, traffic.fresh.times.back() += 4;
  traffic.second(100, 0);
  CHECK(!gate.look(&traffic.stable, &traffic.fresh));
  for (int second = 0; second < 60; ++second) {
    traffic.second(50, 0.2);
    CHECK(!gate.look(&traffic.stable, &traffic.fresh));
  }
}

TEST_CASE("gate: requests of one step are not compared with those of another split") {
  provider::RequestCounts stable, fresh;
  engine::gate::Gate gate({.errors = 1, .p95 = {}}, 2, stable, fresh);
  gate.step();
  fresh.requests = fresh.errors = 10;  // an outage while no request went to the stable release
  CHECK(!gate.look(&stable, &fresh));
  gate.step();
  stable.requests += 90, fresh.requests += 10;
  CHECK(!gate.look(&stable, &fresh));
}
