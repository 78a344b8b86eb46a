#include <algorithm>
#include <doctest/doctest.h>

#include "tests/fakes/bench.hpp"

// An unchanged deploy may be told so by fewer reads than a plan needs.

using namespace mdl;
using engine::Exit;
using fakes::Bench;

namespace {

struct Glancing : Bench {
  Glancing() {
    platform.glances = true;
    deploy(service("1"));
    deploy(service("2"));
    platform.lists = 0;
    platform.calls.clear();
  }
};

}  // namespace

TEST_CASE("glance: a deploy that changes nothing reads no more than it shows") {
  Glancing bench;
  const auto outcome = bench.deploy(bench.service("2"));
  CHECK(outcome.nothing_to_do);
  CHECK(outcome.serving == 2);
  CHECK(outcome.previous == 1);
  CHECK(bench.platform.lists == 0);
}

TEST_CASE("glance: what differs in it is planned from all there is") {
  Glancing bench;
  auto service = bench.service("2");
  service.http.timeout = Milliseconds{5'000};
  CHECK(bench.deploy(service).exit == Exit::ok);
  CHECK(bench.platform.lists > 0);
  CHECK(std::ranges::find(bench.platform.calls, "update listener credit-risk") != bench.platform.calls.end());
  CHECK(bench.deploy(bench.service("3")).serving == 4);
}

TEST_CASE(
    "glance: it is not enough where a run is under way, was stopped, or moved only a part of the traffic") {
  Glancing bench;
  auto& records = bench.state().records;
  SUBCASE("a pending entry") {
    auto pending = records.back();
    pending.number = pending.runs = 3;
    pending.state = release::State::pending;
    records.push_back(pending);
  }
  SUBCASE("a state that the live pointer contradicts") { records.back().state = release::State::superseded; }
  SUBCASE("a canary") { bench.state().live.split = {{2, 0.9}, {1, 0.1}}; }
  bench.deploy(bench.service("2"));
  CHECK(bench.platform.lists > 0);
}

TEST_CASE("engine: a deploy of what has the larger part of the traffic gives it all") {
  Bench bench;
  bench.deploy(bench.service("1"));
  bench.deploy(bench.service("2"));
  bench.state().live.split = {{2, 0.6}, {1, 0.4}};  // by hand
  const auto plan = engine::make_plan(bench.service("2"), bench.provider, bench.env());
  REQUIRE(plan);
  bench.platform.calls.clear();
  const auto outcome = bench.deploy(bench.service("2"));
  CHECK(outcome.exit == Exit::ok);
  CHECK(bench.state().live.split == plan::Split{{2, 1.0}});
  CHECK(bench.platform.calls == plan->plan.calls);
  CHECK(bench.state().records.size() == 2);
}

TEST_CASE("glance: a plan looks at everything, and a saved plan is carried out by what is there") {
  Glancing bench;
  const auto plan = engine::make_plan(bench.service("2"), bench.provider, bench.env());
  REQUIRE(plan);
  CHECK(bench.platform.lists == 1);
  engine::DeployRequest request;
  request.services = {bench.service("2")};
  request.plan = plan->plan;
  CHECK(engine::deploy(request, bench.provider, bench.env()).front().nothing_to_do);
  CHECK(bench.platform.lists > 1);
}
