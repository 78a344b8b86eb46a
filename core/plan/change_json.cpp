#include <cmath>

#include "core/plan/change.hpp"
#include "core/plan/serial.hpp"

namespace mdl::plan {

namespace {

Value changed(std::string_view word, const Desired& desired, const std::string& revision,
              const std::vector<FieldDiff>& fields) {
  return Value::object({{"change", word},
                        {"desired", to_value(desired)},
                        {"revision", revision},
                        {"fields", to_value(fields)}});
}

struct Write {
  Value operator()(const Create& change) const {
    return Value::object({{"change", "create"}, {"desired", to_value(change.desired)}});
  }
  Value operator()(const Update& change) const {
    return changed("update", change.desired, change.revision, change.fields);
  }
  Value operator()(const Replace& change) const {
    return changed("replace", change.desired, change.revision, change.fields);
  }
  Value operator()(const Delete& change) const {
    return Value::object({{"change", "delete"},
                          {"resource", to_value(change.id)},
                          {"release", change.release},
                          {"revision", change.revision}});
  }
  Value operator()(const Promote& change) const {
    return Value::object(
        {{"change", "promote"}, {"from", to_value(change.from)}, {"to", to_value(change.to)}});
  }
  Value operator()(const Rest& change) const {
    return Value::object({{"change", "rest"}, {"release", change.release}, {"room_for", change.room_for}});
  }
};

template <class T>
Change read_changed(Members& members) {
  return T{.desired = members.take(desired_from(members.object("desired"))),
           .revision = members.text("revision"),
           .fields = members.take(fields_from(members.value("fields")))};
}

Change read_change(Members& members, const std::string& word) {
  if (word == "create") return Create{members.take(desired_from(members.object("desired")))};
  if (word == "update") return read_changed<Update>(members);
  if (word == "replace") return read_changed<Replace>(members);
  if (word == "delete")
    return Delete{.id = members.take(resource_id_from(members.object("resource"))),
                  .release = members.number("release"),
                  .revision = members.text("revision")};
  if (word == "promote")
    return Promote{.from = members.take(split_from(members.value("from"))),
                   .to = members.take(split_from(members.value("to")))};
  if (word == "rest")
    return Rest{.release = members.number("release"), .room_for = members.number("room_for")};
  members.reject("change", "is no change: " + word);
  return {};
}

}  // namespace

Value to_value(const Desired& desired) {
  auto value = to_value(desired.id);
  value.set("release", desired.release);
  value.set("spec", desired.spec);
  if (!desired.needs.empty()) value.set("needs", to_value(desired.needs));
  if (desired.serves) value.set("serves", true);
  if (desired.follows) value.set("follows", true);
  if (!desired.sources.empty()) {
    auto& sources = value.set("sources", Value::object());
    for (const auto& [field, source] : desired.sources) sources.set(field, to_value(source));
  }
  return value;
}

Result<Desired> desired_from(const Value& value) {
  Members members(value, "plan resource");
  Desired desired{.id = {.kind = members.text("kind"), .name = members.text("name")},
                  .release = members.number("release"),
                  .spec = members.value("spec")};
  if (members.has("needs")) desired.needs = members.take(resource_ids_from(Value(members.array("needs"))));
  if (members.has("serves")) desired.serves = members.boolean("serves");
  if (members.has("follows")) desired.follows = members.boolean("follows");
  if (members.has("sources"))
    for (const auto& [field, source] : members.object("sources").as_object())
      desired.sources[field] = members.take(source_from(source));
  MDL_CHECK(members.result());
  return desired;
}

Value to_value(const Split& split) {
  auto list = Value::array();
  for (const auto& share : split)
    list.push(Value::object({{"release", share.release}, {"weight", share.weight}}));
  return list;
}

Result<Split> split_from(const Value& value) {
  if (!value.is_array()) return fail(ErrorKind::invalid, "traffic split: must be a list");
  Split split;
  double sum = 0;
  for (const auto& item : value.as_array()) {
    Members members(item, "traffic split");
    const Share share{.release = members.number("release"), .weight = members.real("weight")};
    if (share.release < 1) members.reject("release", "must be 1 or more");
    if (!(share.weight >= 0 && share.weight <= 1)) members.reject("weight", "must be from 0 to 1");
    MDL_CHECK(members.result());
    sum += share.weight;
    split.push_back(share);
  }
  if (!split.empty() && std::abs(sum - 1) > 1e-6)
    return fail(ErrorKind::invalid, "traffic split: weights must add up to 1");
  return split;
}

Value to_value(const Change& change) { return std::visit(Write{}, change); }

Result<Change> change_from(const Value& value) {
  Members members(value, "plan change");
  const auto word = members.text("change");
  MDL_CHECK(members.result());
  auto change = read_change(members, word);
  MDL_CHECK(members.result());
  return change;
}

}  // namespace mdl::plan
