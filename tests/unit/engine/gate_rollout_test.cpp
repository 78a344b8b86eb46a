#include <algorithm>
#include <doctest/doctest.h>

#include "tests/fakes/bench.hpp"
#include "tests/fakes/traffic.hpp"

using namespace mdl;
using engine::Exit;
using engine::Stage;
using fakes::Bench;
using fakes::Conduct;
using std::chrono::seconds;

namespace {

// A bench on which release 1 serves and users send requests: as many seconds of them as passed, split as the
// pointer says.
struct Busy : Bench {
  explicit Busy(Conduct fresh, double rate_ = 60) : traffic(5, {}, fresh), rate(rate_) {
    CHECK(deploy(service("1")).exit == Exit::ok);
    clock.advance(seconds(20));
    platform.measured = [this]() -> Result<provider::MetricsReport> {
      if (blind) return fail(ErrorKind::unavailable, "no figures");
      for (; second < clock.elapsed(); second += seconds(1)) traffic.second(rate, share());
      return provider::MetricsReport{
          .releases = {{.release = 1, .counts = traffic.stable}, {.release = 2, .counts = traffic.fresh}}};
    };
  }
  double share() {
    for (const auto& part : state().live.split)
      if (part.release == 2) return part.weight;
    return 0;
  }
  manifest::Service rolling(manifest::Strategy strategy) {
    auto next = service("2");
    next.rollout.strategy = strategy;
    if (strategy == manifest::Strategy::canary) next.rollout.steps = {0.1, 0.5};
    next.rollout.hold = Milliseconds{60'000};
    next.rollout.gate = manifest::Gate{.errors = 0.05, .p95 = Milliseconds{300}};
    return next;
  }
  std::vector<std::string> steps() {
    std::vector<std::string> lines;
    for (const auto& event : events.events)
      if (event.stage == Stage::canary && event.kind == engine::Event::Kind::line)
        lines.push_back(event.text);
    return lines;
  }
  std::vector<std::string> promotes() {
    std::vector<std::string> found;
    std::ranges::copy_if(platform.calls, std::back_inserter(found),
                         [](const std::string& call) { return call.starts_with("promote"); });
    return found;
  }

  fakes::Traffic traffic;
  double rate;
  bool blind = false;
  std::chrono::nanoseconds second{0};
};

}  // namespace

TEST_CASE(
    "rollout: a canary that is no worse goes live, and each step says how many requests it was judged by") {
  Busy bench({});
  const auto begun = bench.clock.elapsed();
  const auto outcome = bench.deploy(bench.rolling(manifest::Strategy::canary));
  CHECK(outcome.exit == Exit::ok);
  CHECK(bench.state().live.split == plan::Split{{2, 1.0}});
  CHECK(bench.clock.elapsed() - begun >= seconds(120));  // the hold is never shortened
  const auto steps = bench.steps();
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].starts_with("10 %   "));
  CHECK(steps[0].ends_with(" requests, no difference found"));
  CHECK(steps[1].starts_with("50 %   "));
}

TEST_CASE("rollout: a canary that fails more requests is stopped, all traffic returns, and it says why") {
  Busy bench({.errors = 0.2});
  const auto begun = bench.clock.elapsed();
  const auto outcome = bench.deploy(bench.rolling(manifest::Strategy::canary));
  CHECK(outcome.exit == Exit::previous_serves);
  REQUIRE(outcome.error);
  CHECK(outcome.error->code == "gate");
  CHECK(outcome.error->message.starts_with("the gate stopped release 2: errors "));
  CHECK(outcome.error->message.find(" (limit 5 %), after ") != std::string::npos);
  CHECK(bench.state().live.split == plan::Split{{1, 1.0}});
  CHECK(bench.clock.elapsed() - begun < seconds(30));
  CHECK(bench.resource_names() ==
        std::vector<std::string>{"listener credit-risk", "instances credit-risk/1"});
  CHECK(bench.state().records.back().state == release::State::failed);
  CHECK(bench.traffic.fresh.requests < 200);
}

TEST_CASE("rollout: a saved plan does not keep the gate from returning the traffic") {
  Busy bench({.errors = 0.2});
  const auto next = bench.rolling(manifest::Strategy::canary);
  const auto plan = engine::make_plan(next, bench.provider, bench.env());
  REQUIRE(plan);
  engine::DeployRequest request;
  request.services = {next};
  request.plan = plan->plan;
  const auto outcome = engine::deploy(request, bench.provider, bench.env()).front();
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(bench.state().live.split == plan::Split{{1, 1.0}});
}

TEST_CASE("rollout: without traffic a step passes at its end and says that it could not judge") {
  Busy bench({.errors = 1}, 0);
  CHECK(bench.deploy(bench.rolling(manifest::Strategy::canary)).exit == Exit::ok);
  CHECK(bench.steps() == std::vector<std::string>{"10 %   0 requests, too few to judge",
                                                  "50 %   0 requests, too few to judge"});
}

TEST_CASE("rollout: a blue-green release is watched with all the traffic, and the old one takes it back") {
  Busy good({});
  CHECK(good.deploy(good.rolling(manifest::Strategy::blue_green)).exit == Exit::ok);
  REQUIRE(good.steps().size() == 1);
  CHECK(good.steps()[0].starts_with("100 %   "));
  CHECK(good.steps()[0].ends_with(", within the limits"));
  CHECK(good.promotes().size() == 2);

  Busy bad({.slower = 8});
  const auto outcome = bad.deploy(bad.rolling(manifest::Strategy::blue_green));
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(outcome.error->message.starts_with("the gate stopped release 2: p95 "));
  CHECK(bad.state().live.split == plan::Split{{1, 1.0}});
}

TEST_CASE("rollout: blue-green without a gate is one swap and no wait") {
  Busy bench({});
  auto next = bench.rolling(manifest::Strategy::blue_green);
  next.rollout.gate.reset();
  const auto begun = bench.clock.elapsed();
  CHECK(bench.deploy(next).exit == Exit::ok);
  CHECK(bench.clock.elapsed() == begun);
}

TEST_CASE(
    "rollout: figures that cannot be read for a moment are waited for, and for longer end the rollout") {
  Busy bench({});
  bench.events.events.clear();
  int reads = 0;
  auto measure = bench.platform.measured;
  bench.platform.measured = [&]() -> Result<provider::MetricsReport> {
    ++reads;
    if (reads > 5 && reads < 12) return fail(ErrorKind::unavailable, "no figures");
    return measure();
  };
  CHECK(bench.deploy(bench.rolling(manifest::Strategy::canary)).exit == Exit::ok);

  Busy lost({});
  auto counted = lost.platform.measured;
  int looks = 0;
  lost.platform.measured = [&]() -> Result<provider::MetricsReport> {
    if (++looks > 5) return fail(ErrorKind::unavailable, "no figures");
    return counted();
  };
  const auto outcome = lost.deploy(lost.rolling(manifest::Strategy::canary));
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(outcome.error->message == "no figures");
  CHECK(lost.state().live.split == plan::Split{{1, 1.0}});
}

TEST_CASE("rollout: when the traffic cannot be returned the release is left standing and the exit says so") {
  Busy bench({.errors = 0.5});
  int promotes = 0;
  bench.platform.before = [&](const std::string& call) -> Result<void> {
    if (call.starts_with("promote") && ++promotes > 1) return fail(ErrorKind::unavailable, "cut off");
    return {};
  };
  const auto outcome = bench.deploy(bench.rolling(manifest::Strategy::canary));
  CHECK(outcome.exit == Exit::attention);
  CHECK(outcome.error->message.find("its traffic could not be returned: cut off") != std::string::npos);
  CHECK(outcome.error->next == std::vector<std::string>{"mdl rollback --to 1"});
  CHECK(std::ranges::count(bench.resource_names(), "instances credit-risk/2") == 1);
}

TEST_CASE("rollout: a canary that is promoted by hand goes on from there, and the deploy ends well") {
  Busy bench({});
  auto next = bench.rolling(manifest::Strategy::canary);
  next.rollout.steps = {0.1, 0.2, 0.5};
  next.rollout.hold = std::chrono::hours(24);
  auto measure = bench.platform.measured;
  int looks = 0;
  bench.platform.measured = [&]() -> Result<provider::MetricsReport> {
    ++looks;
    const double share = looks == 20 ? 0.3 : looks == 100 ? 1 : 0;
    if (share > 0)
      CHECK(engine::promote(bench.ref(), 2, share, bench.provider, bench.env()).exit == Exit::ok);
    return measure();
  };
  const auto outcome = bench.deploy(next);
  CHECK(outcome.exit == Exit::ok);
  CHECK(looks == 100);
  CHECK(bench.state().live.split == plan::Split{{2, 1.0}});
  CHECK(bench.steps() == std::vector<std::string>{"100 %   promoted by hand"});
  CHECK(bench.promotes().size() == 4);  // release 1, the first step, and two by hand
  CHECK(bench.state().records.back().state == release::State::live);
}

TEST_CASE("rollout: a canary that is overtaken while it is held notices at its next look") {
  Busy bench({});
  auto measure = bench.platform.measured;
  int looks = 0;
  bench.platform.measured = [&]() -> Result<provider::MetricsReport> {
    if (++looks == 20)
      CHECK(engine::promote(bench.ref(), 1, 1, bench.provider, bench.env()).exit == Exit::ok);
    return measure();
  };
  const auto begun = bench.clock.elapsed();
  const auto outcome = bench.deploy(bench.rolling(manifest::Strategy::canary));
  CHECK(outcome.exit == Exit::conflict);
  CHECK(bench.clock.elapsed() - begun < seconds(30));
  CHECK(bench.state().live.split == plan::Split{{1, 1.0}});
}
