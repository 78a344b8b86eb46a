#include <doctest/doctest.h>
#include <numeric>
#include <thread>

#include "tests/contract/aws/bench.hpp"
#include "tests/contract/crash/state.hpp"
#include "tests/contract/races/baton.hpp"

// Two commands at once on two machines, their requests interleaved by a seed.

using namespace mdl;
using contract::AwsBench;
using engine::Exit;

namespace {

using Command = std::function<engine::Outcome(AwsBench&, provider::Provider&, engine::Environment&)>;

engine::Outcome deploy(AwsBench& bench, provider::Provider& provider, engine::Environment& env,
                       const std::string& version) {
  engine::DeployRequest request;
  request.services = {bench.service(version)};
  return engine::deploy(request, provider, env).front();
}

std::vector<engine::Outcome> run_both(AwsBench& bench, const std::vector<Command>& commands, unsigned seed) {
  contract::races::Baton baton(seed);
  std::vector<engine::Outcome> outcomes(2);
  AwsBench::Platform platforms[2];
  std::mutex one_request[2];
  fakes::CollectedEvents events[2];
  {
    std::vector<std::jthread> runs;
    for (int i : {0, 1})
      runs.emplace_back([&, i] {
        platforms[i].before = [&, i](const std::string&) -> Result<void> {
          const std::lock_guard lock(one_request[i]);
          baton.wait_for_turn(i);
          return {};
        };
        auto provider = bench.new_provider(platforms[i]);
        auto journal = engine::memory_journal();
        const auto author = [] { return release::Author{.name = "dev"}; };
        engine::Environment env{bench.clock, bench.sleeper, bench.interrupt, *journal,
                                events[i],   i ? "b" : "a", author,          ""};
        outcomes[static_cast<std::size_t>(i)] = commands[static_cast<std::size_t>(i)](bench, provider, env);
        baton.leave(i);
      });
    baton.conduct();
  }
  return outcomes;
}

}  // namespace

TEST_CASE("aws races: of two commands at once exactly one wins, in each order of their requests") {
  const Command a = [](auto& b, auto& p, auto& env) { return deploy(b, p, env, "a"); };
  const Command b = [](auto& bench, auto& p, auto& env) { return deploy(bench, p, env, "b"); };
  const Command back = [](auto& bench, auto& p, auto& env) {
    return engine::rollback({.ref = bench.ref()}, p, env);
  };
  std::vector<unsigned> seeds(200);
  std::iota(seeds.begin(), seeds.end(), 0);
  for (const auto seed : contract::sample(seeds, 5)) {
    INFO("seed ", seed);
    AwsBench bench;
    bench.deploy(bench.service("1"));
    bench.deploy(bench.service("2"));
    const auto outcomes = run_both(bench, {a, seed % 2 ? b : back}, seed);
    const bool first = outcomes[0].exit == Exit::ok;
    CHECK(first != (outcomes[1].exit == Exit::ok));
    CHECK(outcomes[first ? 1 : 0].exit == Exit::conflict);
    const auto live = bench.provider.traffic->read(bench.ref());
    REQUIRE(live);
    CHECK(live->release() == outcomes[first ? 0 : 1].serving);
    const auto state = contract::state_of(bench.ref(), bench.provider);
    REQUIRE(state);
    CHECK(state->orphans == std::vector<std::string>{});
  }
}
