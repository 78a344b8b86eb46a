#include <algorithm>
#include <doctest/doctest.h>

#include "tests/fakes/bench.hpp"

// Stop, then start: for two releases that cannot stand side by side.

using namespace mdl;
using engine::Exit;
using fakes::Bench;
using Names = std::vector<std::string>;
using State = provider::Readiness::State;

namespace {

manifest::Service draining(const Bench& bench, const std::string& version) {
  auto service = bench.service(version);
  service.rollout.strategy = manifest::Strategy::drain;
  return service;
}

manifest::Service needing(const Bench& bench, const std::string& version, std::int64_t memory) {
  auto service = bench.service(version);
  service.resources.memory_bytes = memory;
  return service;
}

int awake(Bench& bench) {
  return static_cast<int>(std::ranges::count_if(bench.state().resources, [](const auto& stored) {
    return stored.observed.release != 0 && stored.awake;
  }));
}

// From now on each call is followed by a look: never do two releases stand side by side.
void watch(Bench& bench) {
  bench.platform.after = [&](const std::string& call) -> Result<void> {
    INFO(call);
    CHECK(awake(bench) <= 1);
    return {};
  };
}

// Releases of this number never become healthy.
void break_release(Bench& bench, int number) {
  bench.platform.behaviour = [=](const std::string&, int release) {
    return release == number ? provider::Readiness{.state = State::failed,
                                                   .detail = "replica exited 1",
                                                   .resource = "replica",
                                                   .code = "exited"}
                             : provider::Readiness{.state = State::ready, .detail = "healthy"};
  };
}

void kill_after(Bench& bench, const std::string& call) {
  auto dead = std::make_shared<bool>(false);
  bench.platform.before = [=](const std::string&) -> Result<void> {
    if (*dead) return fail(ErrorKind::unavailable, "killed");
    return {};
  };
  bench.platform.after = [=](const std::string& made) -> Result<void> {
    *dead = *dead || made == call;
    if (*dead) return fail(ErrorKind::unavailable, "killed");
    return {};
  };
}

void revive(Bench& bench) { bench.platform.before = bench.platform.after = nullptr; }

plan::Plan planned(Bench& bench, const manifest::Service& service) {
  auto result = engine::make_plan(service, bench.provider, bench.env());
  REQUIRE(result);
  return result->plan;
}

}  // namespace

TEST_CASE(
    "drain: what is live is stopped before the new release is made, and what needs no room comes first") {
  Bench bench;
  bench.platform.secret_versions = {{"TOKEN", "v1"}};
  auto service = draining(bench, "1");
  service.secrets["TOKEN"] = {.scheme = "env", .locator = "TOKEN"};
  bench.deploy(service);
  service.env["VERSION"] = "2";
  bench.platform.calls.clear();
  watch(bench);
  const auto outcome = bench.deploy(service);
  CHECK(outcome.exit == Exit::ok);
  CHECK(outcome.serving == 2);
  CHECK(outcome.rests_for == 0);
  CHECK(bench.platform.calls == Names{"append record 2", "keep secrets", "rest release 1",
                                      "create instances credit-risk/2", "promote 2", "update record 2",
                                      "update record 1"});
}

TEST_CASE("drain: a first deploy has nothing to stop") {
  Bench bench;
  CHECK(planned(bench, draining(bench, "1")).drains.empty());
  CHECK(bench.deploy(draining(bench, "1")).exit == Exit::ok);
}

TEST_CASE("drain: when the new release fails the old one serves again, and how long it was away is told") {
  Bench bench;
  bench.deploy(draining(bench, "1"));
  break_release(bench, 2);
  watch(bench);
  const auto outcome = bench.deploy(draining(bench, "2"));
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(outcome.serving == 1);
  CHECK(outcome.woken);
  CHECK(outcome.rests_for == 0);
  CHECK(outcome.error->code == "exited");
  CHECK(bench.resource_names() == Names{"listener credit-risk", "instances credit-risk/1"});
  CHECK(awake(bench) == 1);
}

TEST_CASE("drain: when the old release does not come back either, that needs attention") {
  Bench bench;
  bench.deploy(draining(bench, "1"));
  bench.platform.behaviour = [](const std::string&, int) {
    return provider::Readiness{.state = State::failed, .detail = "no licence", .code = "exited"};
  };
  const auto outcome = bench.deploy(draining(bench, "2"));
  CHECK(outcome.exit == Exit::attention);
  CHECK(outcome.error->message == "no licence; no licence");
  CHECK(bench.state().live.rests_for == 0);  // started again, so that it serves when it can
}

TEST_CASE("drain: killed while the old release rests, the pointer says so, and each way on ends the rest") {
  const auto stopped = [](Bench& bench) {
    bench.deploy(draining(bench, "1"));
    kill_after(bench, "create instances credit-risk/2");
    bench.deploy(draining(bench, "2"));
    revive(bench);
    CHECK(bench.provider.traffic->read(bench.ref())->rests_for == 2);
    CHECK(awake(bench) <= 1);
    watch(bench);
  };
  SUBCASE("the same deploy") {
    Bench bench;
    stopped(bench);
    CHECK(bench.deploy(draining(bench, "2")).serving == 2);
    CHECK(awake(bench) == 1);
  }
  SUBCASE("a deploy of another release, which would have room") {
    Bench bench;
    stopped(bench);
    const auto outcome = bench.deploy(bench.service("3"));
    CHECK(outcome.exit == Exit::ok);
    CHECK(outcome.serving == 3);
    CHECK(bench.resource_names() ==
          Names{"listener credit-risk", "instances credit-risk/1", "instances credit-risk/3"});
  }
  SUBCASE("a deploy of what is live") {
    Bench bench;
    stopped(bench);
    const auto plan = planned(bench, draining(bench, "1"));
    bench.platform.calls.clear();
    const auto outcome = bench.deploy(draining(bench, "1"));
    CHECK(outcome.exit == Exit::ok);
    CHECK(outcome.serving == 1);
    CHECK(outcome.woken);
    CHECK(bench.platform.calls == plan.calls);
    CHECK(bench.platform.calls == Names{"promote 1", "delete instances credit-risk/2", "update record 2"});
    CHECK(planned(bench, draining(bench, "1")).empty());
  }
  SUBCASE("resume --abort") {
    Bench bench;
    stopped(bench);
    const auto outcome = engine::abort_unfinished(bench.ref(), bench.provider, bench.env());
    CHECK(outcome.exit == Exit::ok);
    CHECK(outcome.serving == 1);
    CHECK(bench.resource_names() == Names{"listener credit-risk", "instances credit-risk/1"});
    CHECK(bench.state().records.back().state == release::State::failed);
  }
  SUBCASE("a rollback to what is live") {
    Bench bench;
    stopped(bench);
    const auto outcome = bench.rollback(1);
    CHECK(outcome.exit == Exit::ok);
    CHECK(outcome.woken);
    CHECK(outcome.serving == 1);
  }
  SUBCASE("destroy") {
    Bench bench;
    stopped(bench);
    CHECK(engine::destroy(bench.ref(), bench.provider, bench.env()).exit == Exit::ok);
    CHECK(bench.resource_names().empty());
  }
}

TEST_CASE("drain: a rollback stops what is live too, with its entry written first") {
  Bench bench;
  bench.deploy(draining(bench, "1"));
  bench.deploy(draining(bench, "2"));
  bench.platform.calls.clear();
  watch(bench);
  const auto outcome = bench.rollback();
  CHECK(outcome.exit == Exit::ok);
  CHECK(outcome.serving == 1);
  CHECK(bench.platform.calls == Names{"append record 3", "rest release 2", "wake release 1", "promote 1",
                                      "update record 3", "update record 2"});
}

TEST_CASE("drain: a rollback that fails wakes what was live") {
  Bench bench;
  bench.deploy(draining(bench, "1"));
  bench.deploy(draining(bench, "2"));
  break_release(bench, 1);
  watch(bench);
  const auto outcome = bench.rollback();
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(outcome.woken);
  CHECK(outcome.serving == 2);
  CHECK(bench.state().live.rests_for == 0);
  CHECK(awake(bench) == 1);
  CHECK(bench.state().records.back().state == release::State::failed);
}

TEST_CASE("drain: a rehearsal beside what serves is refused, with nothing changed") {
  Bench bench;
  bench.deploy(draining(bench, "1"));
  bench.deploy(draining(bench, "2"));
  bench.platform.calls.clear();
  const auto outcome = bench.rollback({}, true);
  CHECK(outcome.exit == Exit::failed);
  CHECK(outcome.error->message ==
        "release 1 cannot be rehearsed beside what serves: releases 1 and 2 must not run side by side "
        "(rollout.strategy: drain)");
  CHECK(bench.platform.calls.empty());
}

TEST_CASE("drain: it is chosen where two releases do not fit, and only where the manifest chose nothing") {
  Bench bench;
  bench.platform.memory_there = 3000;
  bench.deploy(needing(bench, "1", 2000));
  const auto plan = planned(bench, needing(bench, "2", 2000));
  CHECK(plan.drains == "two releases need 4.0 kB of memory, and 3.0 kB can be had");
  CHECK(std::ranges::find(plan.calls, "rest release 1") != plan.calls.end());
  CHECK(planned(bench, needing(bench, "2", 1000)).drains.empty());

  auto chosen = needing(bench, "2", 2000);
  chosen.sources["rollout.strategy"] = {.file = "mdl.yaml", .line = 7};
  const auto said = engine::make_plan(chosen, bench.provider, bench.env());
  REQUIRE(said);
  CHECK(said->plan.drains.empty());
  REQUIRE(said->problems.size() == 1);
  CHECK(said->problems[0].severity == manifest::Severity::likely);
  CHECK(said->problems[0].where->line == 7);
  CHECK(said->problems[0].message.find("`drain`") != std::string::npos);
}

TEST_CASE("drain: a rollback is a drain where two releases do not fit") {
  Bench bench;
  bench.deploy(needing(bench, "1", 2000));
  bench.deploy(needing(bench, "2", 2000));
  bench.state().resources[1].awake = false;
  bench.platform.memory_there = 3000;
  bench.platform.calls.clear();
  CHECK(bench.rollback().exit == Exit::ok);
  CHECK(std::ranges::find(bench.platform.calls, "rest release 2") != bench.platform.calls.end());
}

TEST_CASE("drain: a plan says how long the service is away, as the last measured start took") {
  Bench bench;
  const auto slow = [&](const std::string&, int release) {
    const auto since = bench.clock.elapsed();
    static std::map<int, std::chrono::nanoseconds> begun;
    const auto first = begun.try_emplace(release, since).first->second;
    return since - first < Milliseconds{1'600}
               ? provider::Readiness{.state = State::waiting, .detail = "starting"}
               : provider::Readiness{.state = State::ready, .detail = "healthy"};
  };
  bench.deploy(draining(bench, "1"));
  bench.state().records[0].extra.erase("start_ms");
  const auto unknown = planned(bench, draining(bench, "2"));
  CHECK(unknown.measured == 0);
  CHECK(engine::make_plan(draining(bench, "2"), bench.provider, bench.env())->plan.downtime.count() == 0);

  bench.platform.behaviour = slow;
  const auto outcome = bench.deploy(draining(bench, "2"));
  REQUIRE(outcome.exit == Exit::ok);
  CHECK(outcome.away >= Milliseconds{1'600});
  const auto known = planned(bench, draining(bench, "3"));
  CHECK(known.measured == 2);
  CHECK(known.downtime >= Milliseconds{1'600});
  CHECK(known.downtime < Milliseconds{2'000});
}

TEST_CASE("drain: a release that an earlier run made is woken, since it may rest by now") {
  Bench bench;
  bench.deploy(bench.service("1"));
  kill_after(bench, "create instances credit-risk/2");
  bench.deploy(bench.service("2"));
  revive(bench);
  bench.state().resources[2].awake = false;  // the platform stops what waited too long for its traffic
  CHECK(bench.deploy(bench.service("2")).serving == 2);
}

TEST_CASE("drain: the answer of a rest may be lost") {
  Bench bench;
  bench.deploy(draining(bench, "1"));
  bench.platform.after = [](const std::string& call) -> Result<void> {
    if (call == "rest release 1") return fail(ErrorKind::unavailable, "the connection was cut");
    return {};
  };
  CHECK(bench.deploy(draining(bench, "2")).serving == 2);
}

TEST_CASE(
    "drain: a saved plan with a rest is read back, and marked as one that older versions cannot carry out") {
  Bench bench;
  bench.deploy(draining(bench, "1"));
  const auto plan = planned(bench, draining(bench, "2"));
  const auto value = plan::to_value(plan);
  CHECK(value["schema"].as_integer() == 2);
  const auto back = plan::plan_from(value);
  REQUIRE(back);
  CHECK(back->drains == plan.drains);
  CHECK(plan::to_value(*back) == value);
  CHECK(plan::to_value(planned(bench, draining(bench, "1")))["schema"].as_integer() == 1);
}
