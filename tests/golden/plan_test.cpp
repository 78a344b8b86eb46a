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
  plan.downtime = Milliseconds{3'000};
  CHECK(cli::plan_sentence(plan) ==
        "Uploads 8.1 MB. Away for 3.0s. Release 7 could not be restored: secret DB of release 7 can no "
        "longer be read. 4 calls.");
  plan.live = {};
  plan.upload_bytes = 0;
  plan.downtime = Milliseconds{0};
  CHECK(cli::plan_sentence(plan) == "Uploads nothing. No downtime. 4 calls.");
}
