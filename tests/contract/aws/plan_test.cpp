#include <algorithm>
#include <doctest/doctest.h>

#include "tests/contract/aws/bench.hpp"

// A plan is exact: lives drawn by a seed, as in tests/unit/engine/exact_plan_test.cpp.

using namespace mdl;
using contract::AwsBench;
using engine::Exit;

namespace {

// Keeps the name of each call that is made.
class Calls final : public engine::Journal {
 public:
  Result<void> begin(const engine::JournalRun&) override { return {}; }
  Result<void> write(const std::string&, const engine::JournalEntry& entry) override {
    const std::lock_guard lock(mutex_);
    names.push_back(entry.call);
    return {};
  }
  Result<void> finish(const std::string&) override { return {}; }
  Result<std::optional<engine::JournalRun>> unfinished(const release::ServiceRef&) override {
    return std::nullopt;
  }
  std::vector<std::string> names;

 private:
  std::mutex mutex_;
};

manifest::Service drawn(const AwsBench& bench, std::mt19937& random) {
  auto service = bench.service(std::to_string(random() % 4));
  service.http.timeout = Milliseconds{1'000 * (1 + static_cast<int>(random() % 3))};
  service.resources.memory_bytes = (1 + static_cast<int>(random() % 2)) * (256LL << 20);
  service.rollout.keep = 1 + static_cast<int>(random() % 3);
  if (random() % 3 == 0) {
    service.rollout.strategy = manifest::Strategy::canary;
    service.rollout.steps = {0.25};
    service.rollout.hold = Milliseconds{1'000};
  }
  if (random() % 2) service.env["EXTRA"] = "x";
  if (random() % 3 == 0) service.target.settings.set("log-retention", 7);
  if (random() % 3 == 0) service.target.settings.set("url-auth", "iam");
  if (random() % 3 == 0) {
    service.scale.max = 3;
    service.sources["scale.max"] = {.file = "mdl.yaml", .line = 1};
  }
  return service;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  const auto twice = std::ranges::unique(names);  // a call is journalled before and after
  names.erase(twice.begin(), twice.end());
  return names;
}

}  // namespace

TEST_CASE("aws plan: the calls made are those listed, and the plan after a deploy is empty") {
  const int lives = contract::test_full() ? 20 : 2;
  for (int life = 0; life < lives; ++life) {
    std::mt19937 random(contract::test_seed() + static_cast<unsigned>(life));
    AwsBench bench;
    for (int step = 0; step < 5; ++step) {
      INFO("life ", life, ", step ", step);
      const auto service = drawn(bench, random);
      auto planning = bench.new_provider();
      const auto plan = engine::make_plan(service, planning, bench.env());
      REQUIRE(plan);
      Calls calls;
      auto env = bench.environment(calls, "dev");
      auto own = bench.new_provider();
      engine::DeployRequest request;
      request.services = {service};
      const auto read_back = plan::plan_from(plan::to_value(plan->plan));
      REQUIRE(read_back);
      request.plan = *read_back;
      const auto outcome = engine::deploy(request, own, env).front();
      const auto message = outcome.error ? outcome.error->message : std::string();
      REQUIRE_MESSAGE(outcome.exit == Exit::ok, message);
      CHECK(sorted(calls.names) == sorted(plan->plan.calls));
      auto again = bench.new_provider();
      const auto after = engine::make_plan(service, again, bench.env());
      REQUIRE(after);
      CHECK(after->plan.empty());
      if (random() % 3 == 0) bench.rollback();
    }
  }
}
