#include <doctest/doctest.h>
#include <functional>
#include <ostream>

#include "tests/contract/crash/state.hpp"
#include "tests/fakes/bench.hpp"

// Every mutating call of every scenario × every fault × every way in which the next run may start:
// enumerated, not sampled.

using namespace mdl;
using engine::Exit;
using fakes::Bench;

namespace {

enum class Fault { kill_before, kill_after, cut, conflict, throttled, server_error, late };
enum class Next { with_journal, journal_lost, another_user };

std::string to_string(Fault fault) {
  switch (fault) {
    case Fault::kill_before:
      return "killed before";
    case Fault::kill_after:
      return "killed after";
    case Fault::cut:
      return "connection cut before the answer of";
    case Fault::conflict:
      return "409 at";
    case Fault::throttled:
      return "429 at";
    case Fault::server_error:
      return "500 at";
    case Fault::late:
      return "reads late after";
  }
  return "";
}

std::string to_string(Next next) {
  switch (next) {
    case Next::with_journal:
      return "with the journal";
    case Next::journal_lost:
      return "with the journal lost";
    case Next::another_user:
      return "by another user";
  }
  return "";
}

struct Scenario {
  std::string name;
  std::function<void(Bench&)> before;              // what stood already
  std::function<engine::Outcome(Bench&)> command;  // what is hit, and is run again
};

manifest::Service canary(const Bench& bench, const std::string& version) {
  auto service = bench.service(version);
  service.rollout.strategy = manifest::Strategy::canary;
  service.rollout.steps = {0.1, 0.5};
  service.rollout.hold = Milliseconds{2'000};
  return service;
}

manifest::Service drain(const Bench& bench, const std::string& version) {
  auto service = bench.service(version);
  service.rollout.strategy = manifest::Strategy::drain;
  return service;
}

manifest::Service keeping_one(const Bench& bench, const std::string& version) {
  auto service = bench.service(version);
  service.rollout.keep = 1;
  return service;
}

std::vector<Scenario> scenarios() {
  const auto nothing = [](Bench&) {};
  const auto one = [](Bench& b) { b.deploy(b.service("1")); };
  const auto two = [](Bench& b) {
    b.deploy(b.service("1"));
    b.deploy(b.service("2"));
  };
  return {
      {"first deploy", nothing, [](Bench& b) { return b.deploy(b.service("1")); }},
      {"second deploy", one, [](Bench& b) { return b.deploy(b.service("2")); }},
      {"deploy that prunes", two, [](Bench& b) { return b.deploy(keeping_one(b, "3")); }},
      {"deploy with changed shared settings", one,
       [](Bench& b) {
         auto service = b.service("2");
         service.http.timeout = Milliseconds{5'000};
         return b.deploy(service);
       }},
      {"canary", one, [](Bench& b) { return b.deploy(canary(b, "2")); }},
      {"rollback", two, [](Bench& b) { return b.rollback(1); }},
      {"drain", [](Bench& b) { b.deploy(drain(b, "1")); }, [](Bench& b) { return b.deploy(drain(b, "2")); }},
      {"rollback under drain",
       [](Bench& b) {
         b.deploy(drain(b, "1"));
         b.deploy(drain(b, "2"));
       },
       [](Bench& b) { return b.rollback(1); }},
      {"scale", one, [](Bench& b) { return engine::scale({.ref = b.ref(), .max = 9}, b.provider, b.env()); }},
      {"destroy", two, [](Bench& b) { return engine::destroy(b.ref(), b.provider, b.env()); }},
      {"gc", two, [](Bench& b) { return engine::gc(b.ref(), 0, false, b.provider, b.env(), nullptr); }},
  };
}

// How long reads show what was there before a call.
constexpr std::chrono::seconds lateness{20};

void show_late(Bench& bench) {
  bench.platform.before_late = bench.platform.services;
  const auto until = bench.clock.elapsed() + lateness;
  bench.platform.late = [&bench, until] { return bench.clock.elapsed() < until; };
}

// Hits the mutating call number `at` (from 0). A kill makes the platform deaf to the rest of the run.
void inject(Bench& bench, int at, Fault fault) {
  auto seen = std::make_shared<int>(0);
  auto dead = std::make_shared<bool>(false);
  bench.platform.before = [=, &bench](const std::string&) -> Result<void> {
    if (*dead) return fail(ErrorKind::unavailable, "killed");
    if ((*seen)++ != at) return {};
    switch (fault) {
      case Fault::kill_before:
        *dead = true;
        return fail(ErrorKind::unavailable, "killed");
      case Fault::conflict:
        return fail(ErrorKind::conflict, "409 Conflict");
      case Fault::throttled:
        return fail(ErrorKind::unavailable, "429 Too Many Requests");
      case Fault::late: {
        std::lock_guard lock(bench.platform.mutex);
        show_late(bench);
        return {};
      }
      case Fault::server_error:
        return fail(ErrorKind::unavailable, "500 Internal Server Error");
      default:
        return {};
    }
  };
  bench.platform.after = [=](const std::string&) -> Result<void> {
    if (*dead) return fail(ErrorKind::unavailable, "killed");
    if (*seen - 1 != at || (fault != Fault::kill_after && fault != Fault::cut)) return {};
    *seen += 1'000'000;
    *dead = fault == Fault::kill_after;
    return fail(ErrorKind::unavailable, "the connection was cut");
  };
}

engine::Outcome run_again(Bench& bench, const Scenario& scenario, Next next) {
  bench.platform.before = bench.platform.after = nullptr;
  const bool other = next == Next::another_user;
  bench.become({.name = other ? "ci 413" : "dev"}, next != Next::with_journal);
  Bench elsewhere;
  if (other) std::swap(bench.folder.path, elsewhere.folder.path);  // the same files in another folder
  auto outcome = scenario.command(bench);
  if (other) std::swap(bench.folder.path, elsewhere.folder.path);
  return outcome;
}

void check_case(const Scenario& scenario, int at, Fault fault, Next next,
                const contract::ProviderState& expected) {
  Bench bench;
  scenario.before(bench);
  inject(bench, at, fault);
  const auto hit = scenario.command(bench);
  auto outcome = run_again(bench, scenario, next);
  if (fault == Fault::late) {
    INFO(scenario.name, ": reads late after call ", at);
    CHECK(hit.exit == Exit::ok);
    // Whoever comes at once may see what was there before: then the first call is refused.
    CHECK((outcome.exit == Exit::ok || outcome.exit == Exit::conflict));
    bench.clock.advance(lateness);
    outcome = run_again(bench, scenario, next);
  }
  const auto got = contract::state_of(bench.ref(), bench.provider);
  REQUIRE(got);
  const auto wrong = contract::difference(expected, *got);
  INFO(scenario.name, ": ", to_string(fault), " call ", at, ", next run ", to_string(next));
  const auto message = outcome.error ? outcome.error->message : std::string();
  CHECK_MESSAGE(outcome.exit == Exit::ok, message);
  CHECK_MESSAGE(wrong.empty(), wrong);
}

}  // namespace

TEST_CASE("crash: whatever happens at any mutating call, the next run comes to the uninterrupted end") {
  int cases = 0;
  for (const auto& scenario : scenarios()) {
    Bench whole;
    scenario.before(whole);
    whole.platform.calls.clear();
    REQUIRE_MESSAGE(scenario.command(whole).exit == Exit::ok, scenario.name);
    const auto calls = static_cast<int>(whole.platform.calls.size());
    REQUIRE(calls > 0);
    const auto expected = contract::state_of(whole.ref(), whole.provider);
    REQUIRE(expected);
    CHECK(expected->orphans.empty());
    CHECK(expected->pending.empty());
    for (int at = 0; at < calls; ++at)
      for (const auto fault : {Fault::kill_before, Fault::kill_after, Fault::cut, Fault::conflict,
                               Fault::throttled, Fault::server_error, Fault::late})
        for (const auto next : {Next::with_journal, Next::journal_lost, Next::another_user}) {
          check_case(scenario, at, fault, next, *expected);
          ++cases;
        }
  }
  MESSAGE(cases << " cases");
}
