#include "core/plan/plan.hpp"

#include <doctest/doctest.h>

using namespace mdl;
using namespace mdl::plan;

namespace {

const Source source{.file = "mdl.yaml", .line = 9, .column = 3, .length = 6, .text = "  memory: 1Gi"};

Desired replicas() {
  return {.id = {"replicas", "credit-risk/8"},
          .release = 8,
          .spec = Value::object({{"memory_bytes", 1024}, {"env", Value::object({{"A", "1"}})}}),
          .needs = {{"gateway", "credit-risk"}},
          .serves = true,
          .sources = {{"memory_bytes", source}}};
}

Plan sample() {
  Plan plan;
  plan.service = {.service = "credit-risk", .target = "prod"};
  plan.provider = "local";
  plan.place = "this machine";
  plan.release = 8;
  plan.identity = "a+b";
  plan.live = {.split = {{7, 0.9}, {6, 0.1}}, .revision = "12"};
  plan.changes = {
      Create{replicas()},
      Update{replicas(), "3", {{"memory_bytes", Value(512), Value(1024), source}, {"env.B", {}, "x", {}}}},
      Replace{replicas(), "4", {}}, Delete{{"replicas", "credit-risk/5"}, 5, "5"},
      Promote{{{7, 0.9}, {6, 0.1}}, {{8, 1}}}};
  plan.unchanged = {{"gateway", "credit-risk"}};
  plan.upload_bytes = 8'100'000;
  plan.downtime = Milliseconds{20};
  plan.artifact = "81c2";
  plan.previous_artifact = "3f9a";
  plan.restorable = false;
  plan.restorable_reason = "secret X has no versions";
  plan.config = Value::object({{"http", Value::object({{"health", "/healthz"}})}});
  return plan;
}

std::string problem(const Value& value) {
  const auto plan = plan_from(value);
  return plan ? std::string() : plan.error().message;
}

}  // namespace

TEST_CASE("plan: every kind of change survives being saved") {
  const auto saved = parse_json(dump(to_value(sample()), 2)).value();
  const auto plan = plan_from(saved);
  REQUIRE(plan);
  CHECK(to_value(*plan) == to_value(sample()));
  REQUIRE(plan->changes.size() == 5);
  CHECK(std::get<Create>(plan->changes[0]).desired.needs == replicas().needs);
  CHECK(std::get<Create>(plan->changes[0]).desired.serves);
  CHECK(std::get<Create>(plan->changes[0]).desired.sources == replicas().sources);
  CHECK(std::get<Update>(plan->changes[1]).fields == std::get<Update>(sample().changes[1]).fields);
  CHECK(std::get<Update>(plan->changes[1]).revision == "3");
  CHECK(std::get<Replace>(plan->changes[2]).desired.spec == replicas().spec);
  CHECK(std::get<Delete>(plan->changes[3]).release == 5);
  CHECK(std::get<Promote>(plan->changes[4]).to == Split{{8, 1}});
  CHECK(plan->live.split == sample().live.split);
  CHECK(plan->live.revision == "12");
  CHECK(plan->upload_bytes == 8'100'000);
  CHECK(plan->downtime == Milliseconds{20});
  CHECK_FALSE(plan->restorable);
}

TEST_CASE("plan: one of a newer schema is refused, since it must be carried out exactly") {
  auto value = to_value(sample());
  value.set("schema", 3);
  CHECK(problem(value) ==
        "plan: 'schema' is 3, and this version of mdl reads up to 2: use the version that made the plan");
}

TEST_CASE("plan: a wrong member is named, at any depth") {
  const auto whole = to_value(sample());
  for (const auto& [name, member] : whole.as_object()) {
    auto value = whole;
    value.erase(name);
    CHECK(problem(value) == "plan: '" + name + "' is missing");
  }
  const auto with_change = [](Value change) {
    auto value = to_value(sample());
    value.set("changes", Value::array({std::move(change)}));
    return problem(value);
  };
  CHECK(with_change("x") == "plan change: must be an object");
  CHECK(with_change(Value::object({{"change", "rename"}})) == "plan change: 'change' is no change: rename");
  CHECK(with_change(Value::object({{"change", "create"}})) == "plan change: 'desired' is missing");
  CHECK(with_change(Value::object({{"change", "create"}, {"desired", Value::object({{"kind", 1}})}})) ==
        "plan resource: 'kind' must be text");
  auto value = to_value(sample());
  value.set("upload_bytes", -1);
  CHECK(problem(value) == "plan: 'upload_bytes' must not be negative");
}

TEST_CASE("plan: a split's weights are shares that add up to one") {
  CHECK(split_from(Value::array())->empty());
  CHECK(split_from(to_value(Split{{8, 0.1}, {7, 0.9}})) == Split{{8, 0.1}, {7, 0.9}});
  CHECK_FALSE(split_from({}));
  CHECK_FALSE(split_from(to_value(Split{{8, 0.5}})));
  CHECK_FALSE(split_from(to_value(Split{{8, 1.5}, {7, -0.5}})));
  CHECK_FALSE(split_from(to_value(Split{{0, 1}})));
}

TEST_CASE("plan: the live release is the one with the largest share") {
  CHECK(Live{}.release() == 0);
  CHECK(Live{.split = {{8, 0.1}, {7, 0.9}}}.release() == 7);
}

TEST_CASE("plan: a change is named by the call that it makes") {
  CHECK(identity(Create{replicas()}) == "create replicas credit-risk/8");
  CHECK(identity(Update{replicas(), "1", {}}) == "update replicas credit-risk/8");
  CHECK(identity(Replace{replicas(), "1", {}}) == "replace replicas credit-risk/8");
  CHECK(identity(Delete{{"alias", "live"}, 0, ""}) == "delete alias live");
  CHECK(identity(Promote{{}, {{8, 1}}}) == "promote 8");
  CHECK(identity(Promote{{}, {{8, 0.1}, {7, 0.9}}}) == "promote 7=0.9 8=0.1");
  CHECK(identity(Promote{{{8, 1}}, {}}) == "promote nothing");
}
