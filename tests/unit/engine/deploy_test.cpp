#include <algorithm>
#include <doctest/doctest.h>
#include <mutex>
#include <thread>

#include "tests/fakes/bench.hpp"

using namespace mdl;
using engine::Exit;
using fakes::Bench;
using Names = std::vector<std::string>;

namespace {

provider::Readiness crashed() {
  return {.state = provider::Readiness::State::failed,
          .detail = "replica 2/1 exited 1 before /healthz answered",
          .resource = "replica 2/1",
          .code = "exited",
          .lines = {"ModuleNotFoundError: No module named 'pandas'"}};
}

}  // namespace

TEST_CASE("engine: the first deploy makes a release and puts it live") {
  Bench bench;
  const auto outcome = bench.deploy(bench.service());
  CHECK(outcome.exit == Exit::ok);
  CHECK(outcome.release == 1);
  CHECK(outcome.serving == 1);
  CHECK(outcome.url == "memory://credit-risk");
  CHECK(bench.resource_names() == Names{"listener credit-risk", "instances credit-risk/1"});
  REQUIRE(bench.state().records.size() == 1);
  CHECK(bench.state().records[0].state == release::State::live);
  CHECK(bench.state().records[0].author.commit == "9b7e001aa");
}

TEST_CASE("engine: an unchanged deploy reads and does nothing") {
  Bench bench;
  bench.deploy(bench.service());
  bench.platform.calls.clear();
  const auto outcome = bench.deploy(bench.service());
  CHECK(outcome.exit == Exit::ok);
  CHECK(outcome.nothing_to_do);
  CHECK(outcome.serving == 1);
  CHECK(bench.platform.calls.empty());
}

TEST_CASE("engine: the new release stands before the pointer moves, and the old one is kept") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.platform.calls.clear();
  const auto outcome = bench.deploy(bench.service("2"));
  CHECK(outcome.release == 2);
  CHECK(outcome.previous == 1);
  CHECK(outcome.previous_restorable);
  CHECK(bench.platform.calls == Names{"append record 2", "create instances credit-risk/2", "promote 2",
                                      "update record 2", "update record 1"});
  CHECK(bench.resource_names() ==
        Names{"listener credit-risk", "instances credit-risk/1", "instances credit-risk/2"});
}

TEST_CASE("engine: a release that crashes never gets traffic, and the old one serves on") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.platform.behaviour = [](const std::string&, int release) {
    return release == 2 ? crashed() : provider::Readiness{.state = provider::Readiness::State::ready};
  };
  const auto outcome = bench.deploy(bench.service("2"));
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(outcome.serving == 1);
  REQUIRE(outcome.error);
  CHECK(outcome.error->lines == Names{"ModuleNotFoundError: No module named 'pandas'"});
  CHECK(outcome.failed_stage == engine::Stage::verify);
  CHECK(bench.state().live.split == plan::Split{{1, 1.0}});
  CHECK(bench.resource_names() == Names{"listener credit-risk", "instances credit-risk/1"});
  CHECK(bench.state().records.back().state == release::State::failed);
  CHECK(bench.deploy(bench.service("1")).nothing_to_do);
}

TEST_CASE("engine: a release that is never healthy fails when its time is over") {
  Bench bench;
  bench.platform.behaviour = [](const std::string&, int) {
    return provider::Readiness{.detail = "waiting for /healthz: connection refused"};
  };
  const auto outcome = bench.deploy(bench.service());
  CHECK(outcome.exit == Exit::failed);
  CHECK(outcome.serving == 0);
  CHECK(outcome.error->code == "timeout");
  CHECK(outcome.error->message == "not healthy within 600 s: waiting for /healthz: connection refused");
}

TEST_CASE("engine: settings of what serves change only after the promote") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.platform.calls.clear();
  auto service = bench.service("2");
  service.http.timeout = Milliseconds{60'000};
  bench.deploy(service);
  const auto& calls = bench.platform.calls;
  const auto promote = std::ranges::find(calls, "promote 2");
  const auto update = std::ranges::find(calls, "update listener credit-risk");
  REQUIRE(promote != calls.end());
  REQUIRE(update != calls.end());
  CHECK(promote < update);
}

TEST_CASE("engine: only a shared setting that changed makes no release") {
  Bench bench;
  bench.deploy(bench.service());
  bench.platform.calls.clear();
  auto plan = engine::make_plan(bench.service(), bench.provider, bench.env());
  REQUIRE(plan);
  CHECK(plan->plan.empty());
  bench.state().resources[0].observed.spec.set("timeout_ms", 1);
  const auto outcome = bench.deploy(bench.service());
  CHECK(outcome.exit == Exit::ok);
  CHECK(outcome.release == 0);
  CHECK(bench.platform.calls == Names{"update listener credit-risk"});
}

TEST_CASE("engine: a release changed by hand is replaced by a new one beside it") {
  Bench bench;
  bench.deploy(bench.service());
  bench.state().resources[1].observed.spec.set("memory_bytes", 1);
  const auto outcome = bench.deploy(bench.service());
  CHECK(outcome.release == 2);
  CHECK(outcome.serving == 2);
}

TEST_CASE("engine: resources of releases beyond those kept are removed and their history stays") {
  Bench bench;
  for (int version = 1; version <= 4; ++version) {
    auto service = bench.service(std::to_string(version));
    service.rollout.keep = 2;
    CHECK(bench.deploy(service).exit == Exit::ok);
  }
  CHECK(bench.resource_names() == Names{"listener credit-risk", "instances credit-risk/2",
                                        "instances credit-risk/3", "instances credit-risk/4"});
  CHECK(bench.state().records[0].state == release::State::pruned);
  CHECK(bench.state().records[1].state == release::State::superseded);
}

TEST_CASE("engine: a problem that is certain refuses before anything changes") {
  Bench bench;
  bench.platform.problems = {{.field = "http.timeout", .message = "too long"}};
  const auto outcome = bench.deploy(bench.service());
  CHECK(outcome.exit == Exit::failed);
  CHECK(outcome.problems.size() == 1);
  CHECK(bench.platform.calls.empty());
}

TEST_CASE("engine: a deploy that would end the present release's restorability is refused with 6") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.platform.calls.clear();
  auto service = bench.service("2");
  service.rollout.keep = 0;
  CHECK(bench.deploy(service).exit == Exit::unrestorable);
  CHECK(bench.platform.calls.empty());

  engine::DeployRequest request;
  request.services = {service};
  request.allow_unrestorable = true;
  CHECK(engine::deploy(request, bench.provider, bench.env()).front().exit == Exit::ok);
  CHECK(bench.resource_names() == Names{"listener credit-risk", "instances credit-risk/2"});
}

TEST_CASE("engine: the run that promotes second loses, says who won and changes nothing more") {
  Bench bench;
  bench.deploy(bench.service("1"));
  std::vector<std::string> after_loss;
  bench.platform.before = [&](const std::string& call) -> Result<void> {
    if (call != "promote 2") return {};
    bench.platform.before = nullptr;
    CHECK(bench.deploy(bench.service("other")).exit == Exit::ok);  // another run, to its end
    bench.platform.calls.clear();
    return {};
  };
  const auto outcome = bench.deploy(bench.service("2"));
  CHECK(outcome.exit == Exit::conflict);
  REQUIRE(outcome.winner);
  CHECK(outcome.winner->number == 3);
  CHECK(outcome.serving == 3);
  CHECK(bench.platform.calls.empty());
  CHECK(bench.resource_names() ==
        Names{"listener credit-risk", "instances credit-risk/1", "instances credit-risk/3"});
}

TEST_CASE("engine: an interrupt ends after the call under way, and the same command finishes") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.platform.after = [&](const std::string& call) -> Result<void> {
    if (call == "create instances credit-risk/2") bench.interrupt.request();
    return {};
  };
  const auto stopped = bench.deploy(bench.service("2"));
  CHECK(stopped.exit == Exit::interrupted);
  CHECK(stopped.calls_made == 2);  // the record and the instances
  CHECK(stopped.calls_planned > 2);
  CHECK(bench.state().live.split == plan::Split{{1, 1.0}});
  auto unfinished = bench.journal->unfinished(bench.ref());
  REQUIRE(unfinished);
  REQUIRE(*unfinished);
  CHECK((*unfinished)->release == 2);

  Bench again;  // another machine: no journal, no interrupt
  again.platform.after = nullptr;
  bench.platform.after = nullptr;
  engine::Environment env{
      again.clock, again.sleeper, again.interrupt, *again.journal, again.events, "run-2", {}, ""};
  engine::DeployRequest request;
  request.services = {bench.service("2")};
  const auto outcome = engine::deploy(request, bench.provider, env).front();
  CHECK(outcome.exit == Exit::ok);
  CHECK(outcome.release == 2);
  CHECK(bench.state().records.size() == 2);
  CHECK(bench.state().records[1].state == release::State::live);
}

TEST_CASE("engine: services of a project are promoted together or not at all") {
  Bench bench;
  engine::DeployRequest request;
  request.services = {bench.service("1", "recommend"), bench.service("1", "storefront")};
  for (const auto& outcome : engine::deploy(request, bench.provider, bench.env()))
    CHECK(outcome.exit == Exit::ok);

  bench.platform.behaviour = [](const std::string& service, int release) {
    const bool bad = service == "storefront" && release == 2;
    return bad ? crashed() : provider::Readiness{.state = provider::Readiness::State::ready};
  };
  request.services = {bench.service("2", "recommend"), bench.service("2", "storefront")};
  const auto outcomes = engine::deploy(request, bench.provider, bench.env());
  CHECK(outcomes[0].exit == Exit::previous_serves);
  CHECK(outcomes[0].error->code == "project");
  CHECK(outcomes[1].exit == Exit::previous_serves);
  CHECK(bench.platform.services["recommend@prod"].live.split == plan::Split{{1, 1.0}});
  CHECK(bench.platform.services["storefront@prod"].live.split == plan::Split{{1, 1.0}});
}

TEST_CASE("engine: a service starts after those that it calls have their address") {
  Bench bench;
  engine::DeployRequest request;
  request.services = {bench.service("1", "recommend"), bench.service("1", "storefront")};
  request.services[1].needs = {"recommend"};
  bool early = false;
  const auto look = [&] {
    std::lock_guard lock(bench.platform.mutex);
    const auto& callee = bench.platform.services["recommend@prod"].resources;
    early = early || (!bench.platform.services["storefront@prod"].records.empty() && callee.size() < 2);
  };
  bench.platform.before = [&](const std::string&) -> Result<void> {
    for (int i = 0; i < 5'000; ++i, std::this_thread::yield()) look();  // room for one that does not wait
    return {};
  };
  for (const auto& outcome : engine::deploy(request, bench.provider, bench.env()))
    CHECK(outcome.exit == Exit::ok);
  CHECK(bench.platform.services["storefront@prod"].resources.size() == 2);
  CHECK_FALSE(early);
}

TEST_CASE("engine: when a later service of a project cannot be promoted, the earlier one's traffic returns") {
  Bench bench;
  engine::DeployRequest request;
  request.services = {bench.service("1", "recommend"), bench.service("1", "storefront")};
  engine::deploy(request, bench.provider, bench.env());
  int promotes = 0;
  bench.platform.before = [&](const std::string& call) -> Result<void> {
    if (call == "promote 2" && ++promotes == 2) return fail(ErrorKind::unavailable, "the platform is away");
    return {};
  };
  request.services = {bench.service("2", "recommend"), bench.service("2", "storefront")};
  const auto outcomes = engine::deploy(request, bench.provider, bench.env());
  CHECK(outcomes[0].exit != Exit::ok);
  CHECK(outcomes[1].exit != Exit::ok);
  CHECK(bench.platform.services["recommend@prod"].live.split == plan::Split{{1, 1.0}});
}

TEST_CASE("engine: a promote whose answer was lost is not taken for another run's") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.platform.after = [](const std::string& call) -> Result<void> {
    if (call != "promote 2") return {};
    return fail(ErrorKind::unavailable, "the connection was cut");
  };
  const auto outcome = bench.deploy(bench.service("2"));
  CHECK(outcome.exit == Exit::ok);
  CHECK_FALSE(outcome.winner);
  CHECK(outcome.serving == 2);
  CHECK(bench.state().records[0].state == release::State::superseded);
}

TEST_CASE("engine: a promote that was never made is a failure, and the previous release serves") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.platform.before = [](const std::string& call) -> Result<void> {
    if (call != "promote 2") return {};
    return fail(ErrorKind::unavailable, "the connection was cut");
  };
  const auto outcome = bench.deploy(bench.service("2"));
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(outcome.serving == 1);
}

TEST_CASE("engine: a platform out of reach after the promote needs attention, and nobody else has won") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.platform.after = [&](const std::string& call) -> Result<void> {
    bench.platform.unreadable = call == "promote 2" || call == "promote 1";
    return {};
  };
  const auto deployed = bench.deploy(bench.service("2"));
  CHECK(deployed.exit == Exit::attention);
  CHECK(deployed.serving == 2);
  bench.platform.unreadable = false;
  const auto restored = bench.rollback(1);
  CHECK(restored.exit == Exit::attention);
  CHECK(restored.serving == 1);
}

TEST_CASE("engine: a run whose number another one claimed first names that one, not what serves") {
  for (const bool rollback : {false, true}) {
    Bench bench;
    bench.deploy(bench.service("1"));
    bench.deploy(bench.service("2"));
    bench.platform.before = [&](const std::string& call) -> Result<void> {
      if (call != "append record 3") return {};
      release::Record other = bench.state().records.front();
      other.number = other.runs = 3;
      other.state = release::State::pending;
      other.author = {.name = "ci 413"};
      bench.state().records.push_back(other);
      return {};
    };
    const auto outcome = rollback ? bench.rollback(1) : bench.deploy(bench.service("3"));
    CHECK(outcome.exit == Exit::conflict);
    CHECK(outcome.failed_stage != engine::Stage::check);
    REQUIRE(outcome.winner);
    CHECK(outcome.winner->number == 3);
    CHECK(outcome.winner->author.name == "ci 413");
    CHECK(outcome.serving == 2);
  }
}

TEST_CASE("engine: what a run with a higher number had made when it lost is removed by the winner") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bool met = false;
  engine::Outcome other;
  bench.platform.after = [&](const std::string& call) -> Result<void> {
    if (call != "create instances credit-risk/2" || met) return {};
    met = true;
    // Claims 3 and makes its replicas, then stops for good before its promote.
    bench.platform.before = [](const std::string& theirs) -> Result<void> {
      if (theirs == "promote 3") return fail(ErrorKind::interrupted, "stopped");
      return {};
    };
    other = bench.deploy(bench.service("3"));
    bench.platform.before = nullptr;
    return {};
  };
  const auto outcome = bench.deploy(bench.service("2"));
  CHECK(other.exit == Exit::interrupted);
  CHECK(outcome.exit == Exit::ok);
  CHECK(bench.resource_names() ==
        Names{"listener credit-risk", "instances credit-risk/1", "instances credit-risk/2"});
  for (const auto& record : bench.state().records) CHECK(record.state != release::State::pending);
}
