#pragma once

#include <doctest/doctest.h>
#include <functional>
#include <vector>

#include "tests/contract/crash/state.hpp"
#include "tests/fakes/bench.hpp"

// A run that is stopped after one of its calls, overtaken, and woken: it must lose at its next mutating call.
namespace mdl::contract::races {

using engine::Exit;

template <class Bench>
struct Meeting {
  std::string name;
  std::function<engine::Outcome(Bench&)> parked, overtaking;
  bool drains = false;
};

template <class Bench>
std::vector<Meeting<Bench>> meetings() {
  using Command = std::function<engine::Outcome(Bench&)>;
  const Command deploy = [](Bench& b) { return b.deploy(b.service("parked")); };
  const Command canary = [](Bench& b) {
    auto service = b.service("parked");
    service.rollout.strategy = manifest::Strategy::canary;
    service.rollout.steps = {0.1};
    service.rollout.hold = Milliseconds{1'000};
    return b.deploy(service);
  };
  const Command drain = [](Bench& b) {
    auto service = b.service("parked");
    service.rollout.strategy = manifest::Strategy::drain;
    return b.deploy(service);
  };
  const Command other_drain = [](Bench& b) {
    auto service = b.service("overtaking");
    service.rollout.strategy = manifest::Strategy::drain;
    return b.deploy(service);
  };
  const Command rollback = [](Bench& b) { return b.rollback(1); };
  const Command other_deploy = [](Bench& b) { return b.deploy(b.service("overtaking")); };
  const Command other_rollback = [](Bench& b) { return b.rollback(2); };
  return {{"deploy overtaken by a deploy", deploy, other_deploy},
          {"deploy overtaken by a rollback", deploy, other_rollback},
          {"canary overtaken by a deploy", canary, other_deploy},
          {"drain overtaken by a deploy", drain, other_deploy, true},
          {"drain overtaken by a drain", drain, other_drain, true},
          {"drain overtaken by a rollback", drain, other_rollback, true},
          {"deploy overtaken by a drain", deploy, other_drain, true},
          {"rollback overtaken by a drain", rollback, other_drain, true},
          {"rollback overtaken by a deploy", rollback, other_deploy}};
}

template <class Bench>
void set_up(Bench& bench) {
  for (const auto* version : {"1", "2", "3"}) bench.deploy(bench.service(version));
}

// Runs `parked` up to its call `at` (-1: up to just before its first), then the other command to its end,
// then the rest.
template <class Bench>
void park_and_wake(const Meeting<Bench>& meeting, int at) {
  Bench bench;
  set_up(bench);
  int seen = 0;
  bool woken = false;
  std::string after_waking;  // calls of the parked run that had an effect
  engine::Outcome overtaking;
  const auto overtake = [&] {
    bench.platform.before = bench.platform.after = nullptr;
    overtaking = meeting.overtaking(bench);
    woken = true;
    bench.platform.after = [&](const std::string& call) -> Result<void> {
      if constexpr (requires { Bench::is_taken_back(call); })
        if (Bench::is_taken_back(call)) return {};
      after_waking += call + "; ";
      return {};
    };
  };
  bench.platform.before = [&](const std::string&) -> Result<void> {
    if (at == -1 && seen == 0) overtake();
    return {};
  };
  bench.platform.after = [&](const std::string&) -> Result<void> {
    if (seen++ == at) overtake();
    return {};
  };
  const auto parked = meeting.parked(bench);
  INFO(meeting.name, ", parked after call ", at);
  if (!woken) return;  // its last call was earlier: nothing was left to overtake
  REQUIRE(overtaking.exit == Exit::ok);
  CHECK(parked.exit == Exit::conflict);
  REQUIRE(parked.winner);
  CHECK(parked.winner->number == overtaking.record);
  CHECK(after_waking == "");
  const auto state = state_of(bench.ref(), bench.provider);
  REQUIRE(state);
  CHECK(state->orphans == std::vector<std::string>{});
  CHECK(state->pending == std::vector<int>{});
  const auto live = bench.provider.traffic->read(bench.ref());
  REQUIRE(live);
  CHECK(live->release() == overtaking.serving);
}

// How many calls the run makes that is parked.
template <class Bench>
int calls_of(const Meeting<Bench>& meeting) {
  Bench whole;
  set_up(whole);
  whole.platform.calls.clear();
  REQUIRE(meeting.parked(whole).exit == Exit::ok);
  return static_cast<int>(whole.platform.calls.size());
}

}  // namespace mdl::contract::races
