#include <algorithm>
#include <fmt/format.h>

#include "core/manifest/fields.hpp"
#include "core/manifest/names.hpp"
#include "core/manifest/rules.hpp"
#include "core/util/text.hpp"

// The JSON Schema of a manifest. Wherever a single value can stand, a text with ${VAR} can too.
namespace mdl::manifest {
namespace {

constexpr std::string_view variable = "\\$\\{";

std::string or_variable(std::string_view pattern) { return fmt::format("({})|{}", pattern, variable); }

void add_range(Value& schema, const Field& field) {
  if (field.minimum) schema.set("minimum", *field.minimum);
  if (field.maximum) schema.set("maximum", *field.maximum);
}

// A number, or a text that the pattern allows.
Value number_schema(const Field& field, std::string_view type, std::string_view pattern) {
  auto schema = Value::object({{"type", Value::array({type, "string"})}, {"pattern", std::string(pattern)}});
  add_range(schema, field);
  return schema;
}

Value text_schema(const Field& field) {
  if (!field.rule) return Value::object({{"type", Value::array({"string", "number", "boolean"})}});
  const auto types = field.rule == &rules::version ? Value::array({"string", "number"}) : Value("string");
  return Value::object({{"type", types}, {"pattern", or_variable(field.rule->pattern)}});
}

Value choice_schema(const Field& field) {
  Value choices = Value::array();
  for (const auto choice : field.choices) choices.push(choice);
  return Value::object(
      {{"anyOf", Value::array({Value::object({{"enum", choices}}),
                               Value::object({{"type", "string"}, {"pattern", variable}})})}});
}

Value list_schema(Value items) { return Value::object({{"type", "array"}, {"items", std::move(items)}}); }

Value leaf_schema(const Field& field) {
  constexpr std::string_view share = "^[0-9.]+ *%$|^[0-9.]+$|\\$\\{";
  switch (field.type) {
    case FieldType::integer:
      return number_schema(field, "integer", "^-?[0-9]+$|\\$\\{");
    case FieldType::number:
      return number_schema(field, "number", "^-?[0-9.]+(e-?[0-9]+)?$|\\$\\{");
    case FieldType::cores:
      return number_schema(field, "number", "^[0-9.]+m?$|\\$\\{");
    case FieldType::share:
      return number_schema(field, "number", share);
    case FieldType::boolean:
      return Value::object(
          {{"type", Value::array({"boolean", "string"})}, {"pattern", "^(true|false)$|\\$\\{"}});
    case FieldType::duration:
      return Value::object(
          {{"type", "string"},
           {"pattern", or_variable("^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$")}});
    case FieldType::size:
      return Value::object(
          {{"type", "string"}, {"pattern", or_variable("^[0-9]+([.][0-9]+)?(k|K|M|G|T|Ki|Mi|Gi|Ti)$")}});
    case FieldType::choice:
      return choice_schema(field);
    case FieldType::texts:
      return list_schema(text_schema(field));
    case FieldType::shares:
      return list_schema(number_schema(field, "number", share));
    default:
      return text_schema(field);
  }
}

Value schema_of(const Field& field);

// Of each pair of alternatives at most one may be there.
void add_exclusions(Value& schema, const std::vector<const Field*>& known) {
  Value all = Value::array();
  const auto group = [](const Field* field) {
    return field->alternative.substr(0, field->alternative.find(':'));
  };
  for (auto first = known.begin(); first != known.end(); ++first)
    for (auto second = first + 1; second != known.end(); ++second)
      if (!(*first)->alternative.empty() && group(*first) == group(*second) &&
          (*first)->alternative != (*second)->alternative)
        all.push(Value::object(
            {{"not", Value::object({{"required", Value::array({last_name((*first)->path),
                                                               last_name((*second)->path)})}})}}));
  if (!all.as_array().empty()) schema.set("allOf", all);
}

Value section_schema(std::string_view path, bool may_be_empty) {
  Value properties = Value::object(), required = Value::array();
  const auto& known = fields_below(path);
  for (const auto* field : known) {
    properties.set(last_name(field->path), schema_of(*field));
    if (field->required) required.push(last_name(field->path));
  }
  auto schema = Value::object({{"type", may_be_empty ? Value::array({"object", "null"}) : Value("object")},
                               {"properties", properties},
                               {"additionalProperties", false}});
  if (!required.as_array().empty()) schema.set("required", required);
  add_exclusions(schema, known);
  return schema;
}

Value map_schema(const Field& field) {
  auto schema = Value::object({{"type", Value::array({"object", "null"})}});
  if (field.rule) schema.set("propertyNames", Value::object({{"pattern", field.rule->pattern}}));
  schema.set("additionalProperties", schema_of(*fields_below(field.path).front()));
  return schema;
}

Value default_value(const Field& field) {
  const bool number =
      field.type == FieldType::integer || field.type == FieldType::number || field.type == FieldType::cores;
  if (const auto value = number ? parse_number(field.default_text) : std::nullopt) return *value;
  return field.default_text;
}

Value schema_of(const Field& field) {
  Value schema;
  switch (field.type) {
    case FieldType::section:
      schema = section_schema(field.path, !fields_below(field.path).front()->required);
      break;
    case FieldType::sections:
      schema = list_schema(section_schema(below(field.path, "*"), false));
      break;
    case FieldType::map:
      schema = map_schema(field);
      break;
    default:
      schema = leaf_schema(field);
      break;
  }
  schema.set("description", field.summary);
  if (!field.default_text.empty()) schema.set("default", default_value(field));
  return schema;
}

bool is_for(const Field& field, std::string_view provider) {
  return field.providers.empty() || std::ranges::find(field.providers, provider) != field.providers.end();
}

// What holds in a target of one provider: the settings of others are false, shared names have this provider's
// meaning.
Value only(std::string_view provider) {
  Value properties = Value::object();
  for (const auto* field : fields_below("targets.*")) {
    const auto name = last_name(field->path);
    if (is_for(*field, provider)) {
      if (providers_of(field->path).size() != field->providers.size())
        properties.set(name, schema_of(*field));
    } else if (!properties.contains(name)) {
      properties.set(name, false);
    }
  }
  return Value::object({{"properties", properties}});
}

Value target_schema(const std::vector<const Field*>& service_fields) {
  Value properties = Value::object();
  for (const auto* field : fields_below("targets.*")) {
    const auto name = last_name(field->path);
    if (!properties.contains(name))
      properties.set(name, schema_of(*field));
    else
      properties.set(name, Value::object({{"type", "string"}}));  // differs by provider: see only()
  }
  for (const auto* field : service_fields)
    properties.set(field->path, Value::object({{"$ref", fmt::format("#/$defs/{}", field->path)}}));
  Value by_provider = Value::array();
  for (const auto provider : providers())
    by_provider.push(Value::object(
        {{"if", Value::object(
                    {{"required", Value::array({"provider"})},
                     {"properties", Value::object({{"provider", Value::object({{"const", provider}})}})}})},
         {"then", Value::object({{"$ref", fmt::format("#/$defs/only-{}", provider)}})}}));
  return Value::object({{"type", Value::array({"object", "null"})},
                        {"properties", properties},
                        {"additionalProperties", false},
                        {"allOf", by_provider}});
}

// A target that bears a provider's name is that provider's, unless it says otherwise.
Value targets_schema(const Field& field) {
  Value named = Value::object();
  for (const auto provider : providers())
    named.set(
        provider,
        Value::object(
            {{"$ref", "#/$defs/target"},
             {"if", Value::object({{"not", Value::object({{"required", Value::array({"provider"})}})}})},
             {"then", Value::object({{"$ref", fmt::format("#/$defs/only-{}", provider)}})}}));
  return Value::object({{"description", field.summary},
                        {"type", Value::array({"object", "null"})},
                        {"propertyNames", Value::object({{"pattern", field.rule->pattern}})},
                        {"properties", named},
                        {"additionalProperties", Value::object({{"$ref", "#/$defs/target"}})},
                        {"maxProperties", 200}});
}

}  // namespace

std::string json_schema() {
  Value properties = Value::object(), definitions = Value::object();
  std::vector<const Field*> service_fields;
  for (const auto* field : fields_below("")) {
    if (field->path == "targets") {
      properties.set(field->path, targets_schema(*field));
    } else if (field->path == "mdl" || field->path == "name" || field->path == "services") {
      properties.set(field->path, schema_of(*field));
    } else {
      service_fields.push_back(field);
      definitions.set(field->path, schema_of(*field));
      properties.set(field->path, Value::object({{"$ref", fmt::format("#/$defs/{}", field->path)}}));
    }
  }
  definitions.set("target", target_schema(service_fields));
  for (const auto provider : providers()) definitions.set(fmt::format("only-{}", provider), only(provider));
  return dump(Value::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                             {"title", "mdl.yaml"},
                             {"description", "The manifest of a model service, or of a project of several."},
                             {"type", "object"},
                             {"properties", properties},
                             {"additionalProperties", false},
                             {"required", Value::array({"mdl"})},
                             {"if", Value::object({{"required", Value::array({"services"})}})},
                             {"then", Value::object({{"properties",
                                                      Value::object({{"name", false}, {"needs", false}})}})},
                             {"else", Value::object({{"required", Value::array({"name"})}})},
                             {"$defs", definitions}}),
              2) +
         "\n";
}

}  // namespace mdl::manifest
