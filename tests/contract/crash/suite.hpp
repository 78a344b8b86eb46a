#pragma once

#include <doctest/doctest.h>
#include <functional>
#include <ostream>
#include <vector>

#include "tests/contract/crash/state.hpp"
#include "tests/fakes/bench.hpp"

// Every mutating call of every scenario × every fault × every way in which the next run may start. `Bench` is
// a platform with a service on it, as fakes::Bench is: its `platform` has `calls`, and `before` and `after`
// around each.
namespace mdl::contract::crash {

using engine::Exit;

enum class Fault { kill_before, kill_after, cut, conflict, throttled, server_error, late };
enum class Next { with_journal, journal_lost, another_user };

inline std::string to_string(Fault fault) {
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

inline std::string to_string(Next next) {
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

template <class Bench>
struct Scenario {
  std::string name;
  std::function<void(Bench&)> before;              // what stood already
  std::function<engine::Outcome(Bench&)> command;  // what is hit, and is run again
  bool drains = false;                             // what serves is stopped to make room
};

template <class Bench>
manifest::Service canary(const Bench& bench, const std::string& version) {
  auto service = bench.service(version);
  service.rollout.strategy = manifest::Strategy::canary;
  service.rollout.steps = {0.1, 0.5};
  service.rollout.hold = Milliseconds{2'000};
  return service;
}

template <class Bench>
manifest::Service drain(const Bench& bench, const std::string& version) {
  auto service = bench.service(version);
  service.rollout.strategy = manifest::Strategy::drain;
  return service;
}

template <class Bench>
manifest::Service keeping_one(const Bench& bench, const std::string& version) {
  auto service = bench.service(version);
  service.rollout.keep = 1;
  return service;
}

template <class Bench>
std::vector<Scenario<Bench>> scenarios() {
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
      {"drain", [](Bench& b) { b.deploy(drain(b, "1")); }, [](Bench& b) { return b.deploy(drain(b, "2")); },
       true},
      {"rollback under drain",
       [](Bench& b) {
         b.deploy(drain(b, "1"));
         b.deploy(drain(b, "2"));
       },
       [](Bench& b) { return b.rollback(1); }, true},
      {"scale", one, [](Bench& b) { return engine::scale({.ref = b.ref(), .max = 9}, b.provider, b.env()); }},
      {"destroy", two, [](Bench& b) { return engine::destroy(b.ref(), b.provider, b.env()); }},
      {"gc", two, [](Bench& b) { return engine::gc(b.ref(), 0, false, b.provider, b.env(), nullptr); }},
  };
}

// How long reads show what was there before a call.
inline constexpr std::chrono::seconds lateness{20};

template <class Bench>
inline constexpr bool shows_late = requires(Bench& bench) {
  bench.platform.before_late;
};

inline void show_late(fakes::Bench& bench) {
  std::lock_guard lock(bench.platform.mutex);
  bench.platform.before_late = bench.platform.services;
  const auto until = bench.clock.elapsed() + lateness;
  bench.platform.late = [&bench, until] { return bench.clock.elapsed() < until; };
}

// Hits the mutating call number `at` (from 0). A kill makes the platform deaf to the rest of the run.
template <class Bench>
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
      case Fault::late:
        if constexpr (shows_late<Bench>) show_late(bench);
        return {};
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

template <class Bench>
engine::Outcome run_again(Bench& bench, const Scenario<Bench>& scenario, Next next) {
  bench.platform.before = bench.platform.after = nullptr;
  const bool other = next == Next::another_user;
  bench.become({.name = other ? "ci 413" : "dev"}, next != Next::with_journal);
  Bench elsewhere;
  if (other) std::swap(bench.folder.path, elsewhere.folder.path);  // the same files in another folder
  auto outcome = scenario.command(bench);
  if (other) std::swap(bench.folder.path, elsewhere.folder.path);
  return outcome;
}

template <class Bench>
void check_case(const Scenario<Bench>& scenario, int at, Fault fault, Next next,
                const ProviderState& expected) {
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
  const auto got = state_of(bench.ref(), bench.provider);
  REQUIRE(got);
  const auto wrong = difference(expected, *got);
  INFO(scenario.name, ": ", to_string(fault), " call ", at, ", next run ", to_string(next));
  const auto message = outcome.error ? outcome.error->message : std::string();
  CHECK_MESSAGE(outcome.exit == Exit::ok, message);
  CHECK_MESSAGE(wrong.empty(), wrong);
}

struct Case {
  int scenario = 0, at = 0;
  Fault fault;
  Next next;
};

template <class Bench>
std::vector<Fault> faults() {
  std::vector<Fault> all{Fault::kill_before, Fault::kill_after, Fault::cut,
                         Fault::conflict,    Fault::throttled,  Fault::server_error};
  if constexpr (shows_late<Bench>) all.push_back(Fault::late);
  return all;
}

// An uninterrupted run: how many calls it makes, and where it ends.
struct Whole {
  int calls = 0;
  ProviderState end;
};
template <class Bench>
Whole run_whole(const Scenario<Bench>& scenario) {
  Bench whole;
  scenario.before(whole);
  whole.platform.calls.clear();
  const auto outcome = scenario.command(whole);
  REQUIRE_MESSAGE(outcome.exit == Exit::ok, scenario.name,
                  outcome.error ? ": " + outcome.error->message + " " + outcome.error->quoted : "");
  Whole result{.calls = static_cast<int>(whole.platform.calls.size())};
  REQUIRE(result.calls > 0);
  auto end = state_of(whole.ref(), whole.provider);
  REQUIRE(end);
  CHECK(end->orphans.empty());
  CHECK(end->pending.empty());
  result.end = std::move(*end);
  return result;
}

// All cases of a scenario whose run makes so many calls.
template <class Bench>
std::vector<Case> cases_of(int scenario, int calls) {
  std::vector<Case> all;
  for (int at = 0; at < calls; ++at)
    for (const auto fault : faults<Bench>())
      for (const auto next : {Next::with_journal, Next::journal_lost, Next::another_user})
        all.push_back({scenario, at, fault, next});
  return all;
}

}  // namespace mdl::contract::crash
