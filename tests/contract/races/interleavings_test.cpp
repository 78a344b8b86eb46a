#include <doctest/doctest.h>
#include <functional>
#include <thread>

#include "tests/contract/crash/state.hpp"
#include "tests/contract/races/baton.hpp"
#include "tests/fakes/bench.hpp"

// Two commands at once, their mutating calls interleaved by a seed: a thousand different orders.

using namespace mdl;
using engine::Exit;
using fakes::Bench;

using contract::races::Baton;

namespace {

// Which of the two this thread is.
thread_local int runner = 0;

using Command = std::function<engine::Outcome(Bench&, engine::Environment&)>;

engine::Outcome deploy(Bench& bench, engine::Environment& env, const std::string& version) {
  engine::DeployRequest request;
  request.services = {bench.service(version)};
  return engine::deploy(request, bench.provider, env).front();
}

struct Pair {
  engine::Outcome first, second;
};

Pair run_both(Bench& bench, const Command& first, const Command& second, unsigned seed) {
  Baton baton(seed);
  bench.platform.before = [&](const std::string&) -> Result<void> {
    baton.wait_for_turn(runner);
    return {};
  };
  Pair outcomes;
  auto other_journal = engine::memory_journal();
  fakes::CollectedEvents other_events;
  const auto author = [] { return release::Author{.name = "ci 413"}; };
  engine::Environment other{bench.clock,  bench.sleeper, bench.interrupt, *other_journal,
                            other_events, "other",       author,          ""};
  std::jthread a([&] {
    runner = 0;
    outcomes.first = first(bench, bench.env());
    baton.leave(0);
  });
  std::jthread b([&] {
    runner = 1;
    outcomes.second = second(bench, other);
    baton.leave(1);
  });
  baton.conduct();
  a.join();
  b.join();
  bench.platform.before = nullptr;
  return outcomes;
}

void check_clean(Bench& bench) {
  const auto state = contract::state_of(bench.ref(), bench.provider);
  REQUIRE(state);
  CHECK(state->orphans == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("races: of two commands at once exactly one wins, in each of a thousand orders") {
  const Command deploy_a = [](Bench& b, auto& env) { return deploy(b, env, "a"); };
  const Command deploy_b = [](Bench& b, auto& env) { return deploy(b, env, "b"); };
  const Command roll_back = [](Bench& b, auto& env) {
    return engine::rollback({.ref = b.ref()}, b.provider, env);
  };
  for (unsigned seed = 0; seed < 1000; ++seed) {
    INFO("seed ", seed);
    Bench bench;
    bench.deploy(bench.service("1"));
    bench.deploy(bench.service("2"));
    const auto [first, second] = run_both(bench, deploy_a, seed % 2 ? deploy_b : roll_back, seed);
    CHECK((first.exit == Exit::ok) != (second.exit == Exit::ok));
    const auto& loser = first.exit == Exit::ok ? second : first;
    const auto& winner = first.exit == Exit::ok ? first : second;
    CHECK(loser.exit == Exit::conflict);
    CHECK(bench.state().live.release() == winner.serving);
    check_clean(bench);
  }
}

TEST_CASE(
    "races: of two commands of which one or both drain exactly one wins, in each of a thousand orders") {
  const auto draining = [](Bench& b, auto& env, const std::string& version) {
    auto service = b.service(version);
    service.rollout.strategy = manifest::Strategy::drain;
    engine::DeployRequest request;
    request.services = {service};
    return engine::deploy(request, b.provider, env).front();
  };
  const Command drain_a = [=](Bench& b, auto& env) { return draining(b, env, "a"); };
  const std::vector<Command> others = {
      [=](Bench& b, auto& env) { return draining(b, env, "b"); },
      [](Bench& b, auto& env) { return deploy(b, env, "b"); },
      [](Bench& b, auto& env) { return engine::rollback({.ref = b.ref()}, b.provider, env); }};
  for (unsigned seed = 0; seed < 1000; ++seed) {
    INFO("seed ", seed);
    Bench bench;
    bench.deploy(bench.service("1"));
    bench.deploy(bench.service("2"));
    const auto [first, second] = run_both(bench, drain_a, others[seed % others.size()], seed);
    CHECK((first.exit == Exit::ok) != (second.exit == Exit::ok));
    const auto& loser = first.exit == Exit::ok ? second : first;
    const auto& winner = first.exit == Exit::ok ? first : second;
    CHECK(loser.exit == Exit::conflict);
    CHECK(bench.state().live.release() == winner.serving);
    CHECK(bench.state().live.rests_for == 0);
    check_clean(bench);
  }
}

TEST_CASE("races: scale and destroy at once leave nothing half done") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    INFO("seed ", seed);
    Bench bench;
    bench.deploy(bench.service("1"));
    const auto [scaled, destroyed] = run_both(
        bench, [](Bench& b, auto& env) { return engine::scale({.ref = b.ref(), .max = 9}, b.provider, env); },
        [](Bench& b, auto& env) { return engine::destroy(b.ref(), b.provider, env); }, seed);
    CHECK(destroyed.exit == Exit::ok);
    CHECK((scaled.exit == Exit::ok || scaled.exit == Exit::conflict));
    CHECK(bench.resource_names().empty());
  }
}
