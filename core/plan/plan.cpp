#include "core/plan/plan.hpp"

#include "core/plan/serial.hpp"

namespace mdl::plan {

namespace {

std::vector<Change> read_changes(Members& members) {
  std::vector<Change> changes;
  for (const auto& item : members.array("changes")) changes.push_back(members.take(change_from(item)));
  return changes;
}

Live read_live(Members& members) {
  Members live(members.object("live"), "plan live");
  Live read{.split = live.take(split_from(live.value("split"))), .revision = live.text("revision")};
  members.check(live.result());
  return read;
}

}  // namespace

Value to_value(const Plan& plan) {
  auto changes = Value::array();
  for (const auto& change : plan.changes) changes.push(to_value(change));
  auto value = Value::object({
      {"schema", plan.drains.empty() ? 1 : 2},
      {"service", plan.service.service},
      {"target", plan.service.target},
      {"provider", plan.provider},
      {"place", plan.place},
      {"release", plan.release},
      {"identity", plan.identity},
      {"live", Value::object({{"split", to_value(plan.live.split)}, {"revision", plan.live.revision}})},
      {"changes", std::move(changes)},
      {"unchanged", to_value(plan.unchanged)},
      {"upload_bytes", plan.upload_bytes},
      {"downtime_ms", plan.downtime.count()},
      {"artifact", plan.artifact},
      {"previous_artifact", plan.previous_artifact},
      {"restorable", plan.restorable},
      {"restorable_reason", plan.restorable_reason},
      {"calls", plan.calls},
      {"config", plan.config},
  });
  if (plan.drains.empty()) return value;
  value.set("drains", plan.drains);
  value.set("measured", plan.measured);
  return value;
}

Result<Plan> plan_from(const Value& value) {
  Members members(value, "plan");
  const auto schema = members.integer("schema");
  if (schema > Plan::schema)
    return fail(ErrorKind::invalid,
                "plan: 'schema' is " + std::to_string(schema) + ", and this version of mdl reads up to " +
                    std::to_string(Plan::schema) + ": use the version that made the plan");
  if (schema < 1) members.reject("schema", "must be 1 or more");
  Plan plan;
  plan.service = {.service = members.text("service"), .target = members.text("target")};
  plan.provider = members.text("provider");
  plan.place = members.text("place");
  plan.release = members.number("release");
  plan.identity = members.text("identity");
  plan.live = read_live(members);
  plan.changes = read_changes(members);
  plan.unchanged = members.take(resource_ids_from(Value(members.array("unchanged"))));
  const auto bytes = members.integer("upload_bytes");
  if (bytes < 0) members.reject("upload_bytes", "must not be negative");
  plan.upload_bytes = static_cast<std::uint64_t>(bytes);
  plan.downtime = members.milliseconds("downtime_ms");
  plan.artifact = members.text("artifact");
  plan.previous_artifact = members.text("previous_artifact");
  plan.restorable = members.boolean("restorable");
  plan.restorable_reason = members.text("restorable_reason");
  for (const auto& call : members.array("calls")) {
    if (!call.is_string()) members.reject("calls", "must be a list of texts");
    plan.calls.push_back(call.as_string());
  }
  plan.config = members.value("config");
  if (members.has("drains")) {
    plan.drains = members.text("drains");
    plan.measured = members.number("measured");
  }
  MDL_CHECK(members.result());
  return plan;
}

}  // namespace mdl::plan
