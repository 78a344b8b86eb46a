#include <algorithm>
#include <doctest/doctest.h>
#include <random>

#include "tests/fakes/bench.hpp"

// A plan is exact: the calls that a deploy makes are those that the plan lists.

using namespace mdl;
using engine::Exit;
using fakes::Bench;
using Names = std::vector<std::string>;

namespace {

plan::Plan planned(Bench& bench, const manifest::Service& service) {
  auto result = engine::make_plan(service, bench.provider, bench.env());
  REQUIRE(result);
  return result->plan;
}

engine::Outcome carry_out(Bench& bench, const manifest::Service& service, const plan::Plan& plan) {
  engine::DeployRequest request;
  request.services = {service};
  request.plan = plan;
  return engine::deploy(request, bench.provider, bench.env()).front();
}

Names sorted(Names names) {
  std::ranges::sort(names);
  return names;
}

// A service with settings drawn from a seed, so that each life meets other changes.
manifest::Service drawn(const Bench& bench, std::mt19937& random) {
  auto service = bench.service(std::to_string(random() % 4));
  service.http.timeout = Milliseconds{1'000 * (1 + static_cast<int>(random() % 3))};
  service.resources.memory_bytes = (1 + static_cast<int>(random() % 2)) << 20;
  service.rollout.keep = 1 + static_cast<int>(random() % 3);
  if (random() % 3 == 0) {
    service.rollout.strategy = manifest::Strategy::canary;
    service.rollout.steps = {0.25};
    service.rollout.hold = Milliseconds{1'000};
  }
  if (random() % 4 == 0) service.rollout.strategy = manifest::Strategy::drain;
  if (random() % 2) service.env["EXTRA"] = "x";
  return service;
}

}  // namespace

TEST_CASE("engine: plan, carry out, plan again: the calls are those listed, and the second plan is empty") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    Bench bench;
    for (int step = 0; step < 6; ++step) {
      INFO("seed ", seed, ", step ", step);
      const auto service = drawn(bench, random);
      const auto plan = planned(bench, service);
      bench.platform.calls.clear();
      const auto read_back = plan::plan_from(plan::to_value(plan));
      REQUIRE(read_back);
      REQUIRE(carry_out(bench, service, *read_back).exit == Exit::ok);
      // Calls that do not need one another are made side by side, so only their set is fixed.
      CHECK(sorted(bench.platform.calls) == sorted(plan.calls));
      CHECK(planned(bench, service).empty());
      if (random() % 3 == 0) bench.rollback();
    }
  }
}

TEST_CASE("engine: a plan whose ground moved is refused, and names what moved") {
  Bench bench;
  bench.deploy(bench.service("1"));
  const auto plan = planned(bench, bench.service("2"));
  bench.deploy(bench.service("other"));
  bench.platform.calls.clear();
  const auto outcome = carry_out(bench, bench.service("2"), plan);
  CHECK(outcome.exit == Exit::conflict);
  CHECK(outcome.error->message == "what is live changed since the plan was made: release 2 serves now");
  CHECK(bench.platform.calls.empty());
}

TEST_CASE("engine: a plan for other code or configuration is refused") {
  Bench bench;
  const auto plan = planned(bench, bench.service("1"));
  CHECK(carry_out(bench, bench.service("2"), plan).error->message ==
        "the configuration or a secret changed since the plan was made");
  bench.folder.write("app.py", "print('two')\n");
  CHECK(carry_out(bench, bench.service("1"), plan).error->message ==
        "the code or its dependencies changed since the plan was made");
  CHECK(bench.platform.calls.empty());
}

TEST_CASE(
    "engine: a change by hand between plan and deploy, and in its middle, stops at the call that it "
    "concerns") {
  Bench bench;
  bench.deploy(bench.service("1"));
  const auto service = bench.service("1");
  bench.state().resources[0].observed.spec.set("timeout_ms", 1);
  const auto plan = planned(bench, service);
  CHECK(plan.calls == Names{"update listener credit-risk"});
  bench.state().resources[0].observed.revision = "moved";
  const auto outcome = carry_out(bench, service, plan);
  CHECK(outcome.exit == Exit::conflict);

  Bench middle;
  middle.deploy(middle.service("1"));
  auto next = middle.service("2");
  next.http.timeout = Milliseconds{5'000};
  const auto whole = planned(middle, next);
  middle.platform.after = [&](const std::string& call) -> Result<void> {
    if (call.starts_with("create instances")) middle.state().resources[0].observed.revision = "moved";
    return {};
  };
  CHECK(carry_out(middle, next, whole).exit == Exit::conflict);
}

TEST_CASE("engine: fields that the platform owns never cause a refusal") {
  Bench bench;
  bench.deploy(bench.service("1"));
  const auto plan = planned(bench, bench.service("2"));
  for (auto& stored : bench.state().resources) {
    stored.observed.status.set("replicas", 7);
    stored.observed.spec.set("set_by_the_platform", "2026-11-24T12:00:00Z");
  }
  CHECK(carry_out(bench, bench.service("2"), plan).exit == Exit::ok);
  CHECK(planned(bench, bench.service("2")).empty());
}

TEST_CASE("engine: a call that the plan does not list is not made") {
  Bench bench;
  bench.deploy(bench.service("1"));
  auto plan = planned(bench, bench.service("2"));
  std::erase(plan.calls, "create instances credit-risk/2");
  bench.platform.calls.clear();
  const auto outcome = carry_out(bench, bench.service("2"), plan);
  CHECK(outcome.exit == Exit::conflict);
  CHECK(std::ranges::find(bench.platform.calls, "create instances credit-risk/2") ==
        bench.platform.calls.end());
}
