#include <regex>

#include "core/manifest/fields.hpp"
#include "core/util/text.hpp"
#include "tests/unit/manifest/project.hpp"

using namespace mdl;
using namespace mdl::manifest;
using namespace mdl::manifest::testing;

namespace {

Value schema() {
  auto parsed = parse_json(json_schema());
  REQUIRE(parsed);
  return *parsed;
}

// The subschema that a field's path leads to, references followed.
const Value& at(const Value& root, std::string_view path) {
  const Value* here = &root;
  const auto follow = [&] {
    if ((*here)["$ref"].is_string())
      here = &root["$defs"][std::string_view((*here)["$ref"].as_string()).substr(8)];
  };
  for (const auto name : split(path, '.')) {
    follow();
    if ((*here)["type"].as_string() == "array")
      here = &(*here)["items"];
    else if (name == "*")
      here = &(*here)["additionalProperties"];
    else
      here = &(*here)["properties"][name];
  }
  follow();
  return *here;
}

}  // namespace

TEST_CASE("manifest schema: every field of the table is in it, with its words") {
  const auto root = schema();
  CHECK(root["$schema"].as_string() == "https://json-schema.org/draft/2020-12/schema");
  for (const auto& field : fields()) {
    CAPTURE(field.path);
    if (field.path == "targets.*") continue;
    const auto& part = at(root, field.path);
    REQUIRE(part.is_object());
    if (field.path == "targets.*.kind") continue;  // differs by provider
    CHECK(part["description"].as_string() == field.summary);
    if (field.required) {
      const auto dot = field.path.rfind('.');
      if (dot == std::string_view::npos) continue;
      const auto& holder = at(root, field.path.substr(0, dot));
      CHECK(holder["required"].as_array()[0].is_string());
    }
  }
}

TEST_CASE("manifest schema: nothing unknown is allowed, and targets take settings of their provider only") {
  const auto root = schema();
  CHECK(root["additionalProperties"] == Value(false));
  CHECK(at(root, "scale")["additionalProperties"] == Value(false));
  const auto& target = root["$defs"]["target"];
  CHECK(target["additionalProperties"] == Value(false));
  CHECK(target["properties"]["scale"]["$ref"].as_string() == "#/$defs/scale");
  CHECK(target["properties"].contains("namespace"));
  CHECK_FALSE(target["properties"].contains("name"));
  const auto& aws = root["$defs"]["only-aws"]["properties"];
  CHECK(aws["namespace"] == Value(false));
  CHECK(aws["port"] == Value(false));
  CHECK(aws["kind"] == Value(false));
  CHECK_FALSE(aws.contains("region"));
  CHECK(root["$defs"]["only-gcp"]["properties"]["kind"]["default"].as_string() == "run");
  CHECK(root["$defs"]["only-azure"]["properties"]["kind"]["default"].as_string() == "container-app");
}

TEST_CASE("manifest schema: ranges, choices, patterns and defaults come along") {
  const auto root = schema();
  CHECK(at(root, "scale.max")["minimum"] == Value(1));
  CHECK(at(root, "scale.max")["default"] == Value(4));
  CHECK(at(root, "http.timeout")["default"].as_string() == "30s");
  CHECK(at(root, "rollout.strategy")["anyOf"].as_array()[0]["enum"].as_strings().size() == 4);
  const std::regex duration(at(root, "http.timeout")["pattern"].as_string());
  for (const auto* good : {"30s", "1h30m", "250ms", "5m", "${T}"}) CHECK(std::regex_search(good, duration));
  for (const auto* bad : {"30", "s", "1x"}) CHECK_FALSE(std::regex_search(bad, duration));
  const std::regex size(at(root, "resources.memory")["pattern"].as_string());
  CHECK(std::regex_search("512Mi", size));
  CHECK_FALSE(std::regex_search("512", size));
  CHECK(at(root, "http")["allOf"].as_array().size() == 5);
}
