#include <doctest/doctest.h>

#include "tests/fakes/bench.hpp"

using namespace mdl;
using engine::Exit;
using fakes::Bench;
using Names = std::vector<std::string>;

TEST_CASE("engine: a rollback is one promote to what was live before, and a new entry") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.deploy(bench.service("2"));
  bench.platform.calls.clear();
  const auto outcome = bench.rollback();
  CHECK(outcome.exit == Exit::ok);
  CHECK(outcome.release == 1);
  CHECK(outcome.record == 3);
  CHECK(outcome.serving == 1);
  CHECK(outcome.previous == 2);
  CHECK(bench.platform.calls == Names{"append record 3", "promote 1", "update record 3", "update record 2"});
  auto history = engine::history(bench.ref(), bench.provider);
  REQUIRE(history);
  CHECK(history->at(0).how == "rollback to 1");
  CHECK(history->at(0).state == release::State::live);
  CHECK(history->at(1).state == release::State::superseded);
}

TEST_CASE("engine: rolling back twice goes forward again, and --to counts back") {
  Bench bench;
  for (const auto* version : {"1", "2", "3"}) bench.deploy(bench.service(version));
  CHECK(bench.rollback().release == 2);
  CHECK(bench.rollback().release == 3);
  CHECK(bench.rollback(-2).release == 1);
  CHECK(bench.rollback(3).release == 3);
}

TEST_CASE("engine: a rollback checks its whole set before the first mutating call") {
  Bench bench;
  bench.deploy(bench.service("1"));
  const auto artifact = bench.state().records[0].artifact;
  bench.deploy(bench.service("2"));
  bench.platform.calls.clear();
  bench.platform.artifacts.erase(artifact);
  const auto outcome = bench.rollback();
  CHECK(outcome.exit == Exit::failed);
  CHECK(outcome.error->kind == ErrorKind::refused);
  CHECK(outcome.serving == 2);
  CHECK(bench.platform.calls.empty());
}

TEST_CASE("engine: a rollback to a secret version that is lost is refused, and a kept one comes back") {
  Bench bench;
  bench.platform.secret_versions["TOKEN"] = "v1";
  auto service = bench.service("1");
  service.secrets["TOKEN"] = {"env", "TOKEN"};
  bench.deploy(service);
  bench.platform.secret_versions["TOKEN"] = "v2";
  const auto second = bench.deploy(service);
  CHECK(second.release == 2);  // a new secret version is a new release
  CHECK(bench.rollback().exit == Exit::ok);
  CHECK(bench.rollback().release == 2);
  bench.state().secrets["TOKEN"].erase("v1");
  const auto refused = bench.rollback();
  CHECK(refused.exit == Exit::failed);
  CHECK(refused.error->message == "secret TOKEN of release 1 can no longer be read");
}

TEST_CASE("engine: a rollback without an earlier release, and to a failed or unknown one, says so") {
  Bench bench;
  bench.deploy(bench.service("1"));
  CHECK(bench.rollback().error->message == "there is no earlier release to go back to");
  CHECK(bench.rollback(9).error->message == "there is no release 9");
  CHECK(bench.rollback(1).nothing_to_do);
}

TEST_CASE("engine: a rehearsal moves no traffic and is remembered") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.deploy(bench.service("2"));
  bench.platform.calls.clear();
  const auto outcome = bench.rollback({}, true);
  CHECK(outcome.exit == Exit::ok);
  CHECK(outcome.serving == 2);
  REQUIRE(outcome.previous_rehearsal);
  CHECK(outcome.previous_rehearsal->passed);
  CHECK(bench.platform.calls == Names{"update record 1"});
  CHECK(bench.state().records[0].rehearsal);
}

TEST_CASE(
    "engine: a release at rest is woken, and a rollback to one that does not come up changes nothing that "
    "serves") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.deploy(bench.service("2"));
  bench.state().resources[1].awake = false;
  CHECK(bench.rollback().exit == Exit::ok);
  bench.platform.behaviour = [](const std::string&, int) {
    return provider::Readiness{
        .state = provider::Readiness::State::failed, .detail = "exited 1", .code = "exited"};
  };
  const auto outcome = bench.rollback();
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(outcome.serving == 1);
}

TEST_CASE("engine: destroy takes traffic first and history last") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.deploy(bench.service("2"));
  bench.platform.calls.clear();
  CHECK(engine::destroy(bench.ref(), bench.provider, bench.env()).exit == Exit::ok);
  CHECK(bench.platform.calls.front() == "promote nothing");
  CHECK(bench.platform.calls.back() == "erase records");
  CHECK(bench.resource_names().empty());
  CHECK(engine::destroy(bench.ref(), bench.provider, bench.env()).nothing_to_do);
}

TEST_CASE("engine: resume --abort removes what a stopped deploy made") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.platform.after = [&](const std::string& call) -> Result<void> {
    if (call.starts_with("create")) bench.interrupt.request();
    return {};
  };
  CHECK(bench.deploy(bench.service("2")).exit == Exit::interrupted);
  Bench fresh;
  engine::Environment env{
      fresh.clock, fresh.sleeper, fresh.interrupt, *fresh.journal, fresh.events, "run-2", {}, ""};
  const auto outcome = engine::abort_unfinished(bench.ref(), bench.provider, env);
  CHECK(outcome.exit == Exit::ok);
  CHECK(outcome.release == 2);
  CHECK(bench.resource_names() == Names{"listener credit-risk", "instances credit-risk/1"});
  CHECK(bench.state().records.back().state == release::State::failed);
  CHECK(engine::abort_unfinished(bench.ref(), bench.provider, env).nothing_to_do);
}

TEST_CASE("engine: gc spares what serves, what is kept and a deploy under way") {
  Bench bench;
  for (const auto* version : {"1", "2", "3"}) bench.deploy(bench.service(version));
  std::vector<plan::ResourceId> removed;
  CHECK(engine::gc(bench.ref(), 1, true, bench.provider, bench.env(), &removed).exit == Exit::ok);
  CHECK(removed == std::vector<plan::ResourceId>{{"instances", "credit-risk/1"}});
  CHECK(bench.resource_names().size() == 4);
  engine::gc(bench.ref(), 1, false, bench.provider, bench.env(), nullptr);
  CHECK(bench.resource_names() ==
        Names{"listener credit-risk", "instances credit-risk/2", "instances credit-risk/3"});
  CHECK(bench.rollback(1).error->message == "release 1 is pruned and cannot be restored");
}

TEST_CASE("engine: scale changes only what was asked for, within its bounds") {
  Bench bench;
  bench.deploy(bench.service());
  CHECK(engine::scale({.ref = bench.ref(), .min = 2, .max = 20}, bench.provider, bench.env()).exit ==
        Exit::ok);
  CHECK(bench.state().scale.min == 2);
  CHECK(bench.state().scale.max == 20);
  CHECK(bench.state().scale.concurrency == 8);
  CHECK(engine::scale({.ref = bench.ref(), .min = 30}, bench.provider, bench.env()).exit == Exit::ok);
  CHECK(bench.state().scale.max == 30);
  CHECK(engine::scale({.ref = bench.ref(), .max = 0}, bench.provider, bench.env()).exit == Exit::failed);
}
