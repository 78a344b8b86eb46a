#include "core/plan/serial.hpp"

namespace mdl::plan {

Value to_value(const ResourceId& id) { return Value::object({{"kind", id.kind}, {"name", id.name}}); }

Result<ResourceId> resource_id_from(const Value& value) {
  Members members(value, "plan resource");
  ResourceId id{.kind = members.text("kind"), .name = members.text("name")};
  MDL_CHECK(members.result());
  return id;
}

Value to_value(const std::vector<ResourceId>& ids) {
  auto list = Value::array();
  for (const auto& id : ids) list.push(to_value(id));
  return list;
}

Result<std::vector<ResourceId>> resource_ids_from(const Value& list) {
  std::vector<ResourceId> ids;
  for (const auto& item : list.as_array()) {
    MDL_TRY(auto id, resource_id_from(item));
    ids.push_back(std::move(id));
  }
  return ids;
}

Value to_value(const Source& source) {
  auto value = Value::object({{"file", source.file}, {"line", source.line}, {"column", source.column}});
  if (source.length != 1) value.set("length", source.length);
  if (!source.text.empty()) value.set("text", source.text);
  return value;
}

Result<Source> source_from(const Value& value) {
  Members members(value, "plan source");
  Source source{
      .file = members.text("file"), .line = members.number("line"), .column = members.number("column")};
  if (members.has("length")) source.length = members.number("length");
  if (members.has("text")) source.text = members.text("text");
  MDL_CHECK(members.result());
  return source;
}

Value to_value(const std::vector<FieldDiff>& fields) {
  auto list = Value::array();
  for (const auto& diff : fields) {
    auto value = Value::object({{"field", diff.field}, {"from", diff.from}, {"to", diff.to}});
    if (diff.where) value.set("where", to_value(*diff.where));
    list.push(std::move(value));
  }
  return list;
}

Result<std::vector<FieldDiff>> fields_from(const Value& list) {
  std::vector<FieldDiff> fields;
  for (const auto& item : list.as_array()) {
    Members members(item, "plan field");
    FieldDiff diff{.field = members.text("field"), .from = members.value("from"), .to = members.value("to")};
    if (members.has("where")) diff.where = members.take(source_from(members.object("where")));
    MDL_CHECK(members.result());
    fields.push_back(std::move(diff));
  }
  return fields;
}

}  // namespace mdl::plan
