#include <doctest/doctest.h>
#include <functional>

#include "tests/contract/crash/state.hpp"
#include "tests/fakes/bench.hpp"

// A run that is stopped after one of its calls, overtaken, and woken: it must lose at its next mutating call.

using namespace mdl;
using engine::Exit;
using fakes::Bench;

namespace {

using Command = std::function<engine::Outcome(Bench&)>;

struct Meeting {
  std::string name;
  Command parked, overtaking;
};

std::vector<Meeting> meetings() {
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
          {"drain overtaken by a deploy", drain, other_deploy},
          {"drain overtaken by a drain", drain, other_drain},
          {"drain overtaken by a rollback", drain, other_rollback},
          {"deploy overtaken by a drain", deploy, other_drain},
          {"rollback overtaken by a drain", rollback, other_drain},
          {"rollback overtaken by a deploy", rollback, other_deploy}};
}

void set_up(Bench& bench) {
  for (const auto* version : {"1", "2", "3"}) bench.deploy(bench.service(version));
}

// Runs `parked` up to its call `at` (-1: up to just before its first), then the other command to its end,
// then the rest.
void park_and_wake(const Meeting& meeting, int at) {
  Bench bench;
  set_up(bench);
  int seen = 0;
  bool woken = false;
  std::vector<std::string> after_waking;  // calls of the parked run that had an effect
  engine::Outcome overtaking;
  const auto overtake = [&] {
    bench.platform.before = bench.platform.after = nullptr;
    overtaking = meeting.overtaking(bench);
    woken = true;
    bench.platform.after = [&](const std::string& call) -> Result<void> {
      after_waking.push_back(call);
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
  CHECK(after_waking == std::vector<std::string>{});
  const auto state = contract::state_of(bench.ref(), bench.provider);
  REQUIRE(state);
  CHECK(state->orphans == std::vector<std::string>{});
  CHECK(state->pending == std::vector<int>{});
  CHECK(bench.state().live.release() == overtaking.serving);
}

}  // namespace

TEST_CASE("races: a run that was overtaken loses at its next call, whichever it is") {
  for (const auto& meeting : meetings()) {
    Bench whole;
    set_up(whole);
    whole.platform.calls.clear();
    REQUIRE(meeting.parked(whole).exit == Exit::ok);
    const auto calls = static_cast<int>(whole.platform.calls.size());
    for (int at = -1; at < calls - 1; ++at) park_and_wake(meeting, at);
  }
}
