#include "cli/views/plan.hpp"

#include <doctest/doctest.h>

#include "golden.hpp"

using namespace mdl;
using namespace mdl::plan;

namespace {

Plan sample() {
  Plan plan;
  plan.service = {.service = "credit-risk", .target = "prod"};
  plan.provider = "aws";
  plan.place = "123456789012, eu-central-1";
  plan.release = 8;
  plan.live = {.split = {{.release = 7}}, .revision = "12"};
  const Source line{.file = "mdl.yaml", .line = 9, .column = 3};
  Desired function{.id = {"function", "credit-risk"}};
  const std::string before(64, 'a'), after(64, 'b');
  plan.changes.emplace_back(
      Update{function,
             "5d1e",
             {{.field = "code", .from = before, .to = after},
              {.field = "memory_bytes", .from = 512'000'000, .to = 1'024'000'000, .where = line},
              {.field = "env.TOKEN", .from = {}, .to = "a|b"}}});
  plan.changes.emplace_back(Create{Desired{.id = {"version", "credit-risk/8"}, .release = 8}});
  plan.changes.emplace_back(Promote{{{.release = 7}}, {{.release = 8}}});
  plan.changes.emplace_back(Delete{{"version", "credit-risk/2"}, 2, "1"});
  plan.unchanged = {{"role", "r"}, {"log group", "g"}, {"permission", "a"}, {"permission", "b"}};
  plan.upload_bytes = 8'100'000;
  plan.artifact = after;
  return plan;
}

}  // namespace

TEST_CASE("golden: a plan lists changes with manifest lines, what stays, and what it means") {
  check_view("plan", cli::plan_text(sample(), {.target = "prod"}, {}), cli::plan_value(sample()));
  check_golden(golden_path("plan.md"), cli::plan_markdown(sample()));
}

TEST_CASE("golden: an empty plan says so") {
  Plan plan = sample();
  plan.changes.clear();
  plan.release = 0;
  check_view("plan-empty", cli::plan_text(plan, {}, {}), cli::plan_value(plan));
}

TEST_CASE("golden: a first plan that would lose nothing, and one that would") {
  Plan plan = sample();
  plan.restorable = false;
  plan.restorable_reason = "secret DB of release 7 can no longer be read";
  CHECK(cli::plan_sentence(plan) ==
        "Uploads 8.1 MB. No downtime. Release 7 could not be restored: secret DB of release 7 can no "
        "longer be read. 4 calls.");
  plan.live = {};
  plan.upload_bytes = 0;
  plan.downtime = Milliseconds{0};
  CHECK(cli::plan_sentence(plan) == "Uploads nothing. No downtime. 4 calls.");
}

namespace {

Plan draining() {
  Plan plan = sample();
  plan.place = "this machine";
  plan.provider = "local";
  plan.changes = {Rest{7, 8}, Create{Desired{.id = {"replicas", "credit-risk/8"}, .release = 8}},
                  Promote{{{.release = 7}}, {{.release = 8}}}};
  plan.drains = "two releases need 4.0 GB of memory, and 3.1 GB can be had";
  plan.downtime = Milliseconds{1'600};
  plan.measured = 7;
  return plan;
}

}  // namespace

TEST_CASE("golden: a plan that drains says why, and for how long the service is away") {
  const auto plan = draining();
  check_view("plan-drain", cli::plan_text(plan, {}, {}), cli::plan_value(plan));
  auto unknown = plan;
  unknown.measured = 0;
  unknown.drains = "rollout.strategy is drain";
  CHECK(cli::plan_sentence(unknown) ==
        "Uploads 8.1 MB. Release 7 is stopped first (rollout.strategy is drain); the service is away, for "
        "how long is "
        "not known yet: no start was measured. Release 7 stays restorable. 3 calls.");
}

TEST_CASE("golden: a plan for what is live but rests says that the service is away until then") {
  Plan plan = draining();
  plan.release = 0;
  plan.drains.clear();
  plan.live.rests_for = 8;
  plan.changes = {Promote{plan.live.split, plan.live.split}, Delete{{"replicas", "credit-risk/8"}, 8, "1"}};
  plan.upload_bytes = 0;
  check_view("plan-resting", cli::plan_text(plan, {}, {}), cli::plan_value(plan));
}
