#include "core/manifest/fields.hpp"

#include <algorithm>
#include <regex>
#include <set>

#include "core/manifest/rules.hpp"
#include "core/manifest/values.hpp"
#include "core/util/text.hpp"
#include "tests/unit/manifest/project.hpp"

using namespace mdl;
using namespace mdl::manifest;
using namespace mdl::manifest::testing;

namespace {

bool container(const Field& field) {
  return field.type == FieldType::section || field.type == FieldType::sections ||
         field.type == FieldType::map;
}

// The text of a list in flow style, item by item.
std::vector<std::string> items(std::string_view list) {
  std::vector<std::string> out;
  for (auto item : split(list.substr(1, list.size() - 2), ',')) {
    while (item.starts_with(' ') || item.starts_with('"')) item.remove_prefix(1);
    while (item.ends_with('"')) item.remove_suffix(1);
    out.emplace_back(item);
  }
  return out;
}

std::string problem_with(const Field& field, std::string_view text) {
  if (text.starts_with('"')) text = text.substr(1, text.size() - 2);
  std::vector<std::string> values{std::string(text)};
  if (field.type == FieldType::texts || field.type == FieldType::shares) values = items(text);
  for (const auto& value : values)
    if (auto parsed = parse_value(field, value, "it"); !parsed) return parsed.error();
  return "";
}

}  // namespace

TEST_CASE("manifest fields: every row is complete, and its default and example are valid values of it") {
  for (const auto& field : fields()) {
    CAPTURE(field.path);
    CHECK_FALSE(field.summary.empty());
    if (container(field)) continue;
    CHECK_FALSE(field.example.empty());
    if (field.example != "\"${HOME}/.kube/prod\"") CHECK(problem_with(field, field.example) == "");
    if (!field.default_text.empty()) CHECK(problem_with(field, field.default_text) == "");
    CHECK((field.type == FieldType::choice) == !field.choices.empty());
  }
}

TEST_CASE(
    "manifest fields: every row stands below one that holds others, and is set by the service or by the "
    "target") {
  std::set<std::string> seen;
  for (const auto& field : fields()) {
    CAPTURE(field.path);
    CHECK(seen.insert(std::string(field.path) +
                      (field.providers.empty() ? "" : std::string(field.providers[0])))
              .second);
    const auto dot = field.path.rfind('.');
    if (dot != std::string_view::npos && !field.path.substr(0, dot).ends_with("*")) {
      const auto* holder = find_field(field.path.substr(0, dot));
      REQUIRE(holder);
      CHECK(container(*holder));
    }
    const bool setting = !field.providers.empty() || field.path == "targets.*.provider";
    const bool item = field.path.starts_with("model.*") || field.path.starts_with("golden.*");
    if (container(field) || item || field.path == "services") continue;
    CHECK((field.set != nullptr) == !setting);
  }
}

TEST_CASE("manifest fields: the defaults in the table are those of an untouched service") {
  Service set;
  for (const auto& field : fields()) {
    if (field.default_text.empty() || !field.set || field.path.starts_with("rollout.gate.")) continue;
    field.set(set, parse_value(field, field.default_text, "it").value(), "");
  }
  const Service fresh;
  CHECK(set.http.interface == fresh.http.interface);
  CHECK(set.http.health == fresh.http.health);
  CHECK(set.http.timeout == fresh.http.timeout);
  CHECK(set.resources.cpu == fresh.resources.cpu);
  CHECK(set.resources.memory_bytes == fresh.resources.memory_bytes);
  CHECK(set.resources.gpu == fresh.resources.gpu);
  CHECK(set.scale.min == fresh.scale.min);
  CHECK(set.scale.max == fresh.scale.max);
  CHECK(set.scale.concurrency == fresh.scale.concurrency);
  CHECK(set.scale.idle == fresh.scale.idle);
  CHECK(set.rollout.strategy == fresh.rollout.strategy);
  CHECK(set.rollout.hold == fresh.rollout.hold);
  CHECK(set.rollout.keep == fresh.rollout.keep);
  CHECK(set.rollout.warm == fresh.rollout.warm);
  CHECK(set.rollout.start_timeout == fresh.rollout.start_timeout);
  const auto* errors = find_field("rollout.gate.errors");
  CHECK(parse_value(*errors, errors->default_text, "it")->as_number() == Gate{}.errors);
}

TEST_CASE("manifest fields: the pattern that the schema shows allows what the rule accepts") {
  const std::pair<const Rule*, std::vector<std::string>> good[] = {
      {&rules::name, {"a", "credit-risk", "a1", std::string(48, 'a')}},
      {&rules::path, {"a", "./a/b", "weights/", "a b", "..a"}},
      {&rules::url_path, {"/", "/healthz", "/a?b=c"}},
      {&rules::entry, {"app:app", "src.app:create_app()", "a.b.c:d.e"}},
      {&rules::handler, {"lambda_function.lambda_handler", "src/app.handler", "a.b.c"}},
      {&rules::version, {"3", "3.11", "3.11.2"}},
      {&rules::model_from, {"hf://a/b@c/d", "https://x.example/y"}},
      {&rules::sha256, {std::string(64, 'a')}},
      {&rules::secret, {"env:A", "file:/run/x", "aws-secrets:prod/db", "azure-vault:v/n"}},
      {&rules::variable, {"A", "_a", "LOG_LEVEL", "PORTS", "a1"}},
      {&rules::word, {"x"}}};
  for (const auto& [rule, texts] : good)
    for (const auto& text : texts) {
      CAPTURE(text);
      CHECK(rule->accepts(text));
      CHECK(std::regex_search(text, std::regex(std::string(rule->pattern))));
    }
}

TEST_CASE("manifest fields: rules refuse what is near to right") {
  const std::pair<const Rule*, std::vector<std::string>> bad[] = {
      {&rules::name, {"", "A", "1a", "a-", "-a", "a_b", "a.b", std::string(49, 'a'), "ä"}},
      {&rules::path, {"", "/etc/passwd", "..", "a/../b", "../a", "a/..", std::string("a\0b", 3)}},
      {&rules::url_path, {"", "healthz", "/a b"}},
      {&rules::entry, {"", "app", "app:", ":app", "a b:c", "app.py:app:x", "1a:b", "app:app()()"}},
      {&rules::handler, {"", "handler", "a.", ".a", "a:b", "../x.y"}},
      {&rules::version, {"", "3.", "python3", "3.11.2.1", "3.11-rc1"}},
      {&rules::model_from, {"", "http://x/y", "hf://", "s3://a/b", "https://a b"}},
      {&rules::sha256, {"", std::string(63, 'a'), std::string(64, 'g')}},
      {&rules::secret, {"", "hunter2", "env:", "vault:x", ":x"}},
      {&rules::variable, {"", "1A", "A-B", "A.B", "PORT", "MDL_X"}},
      {&rules::word, {"", "a b", "a\tb"}}};
  for (const auto& [rule, texts] : bad)
    for (const auto& text : texts) {
      CAPTURE(text);
      CHECK_FALSE(rule->accepts(text));
    }
}

TEST_CASE("manifest values: each type takes its own way of writing and says what is wrong otherwise") {
  const auto parsed = [](std::string_view path, std::string_view text) {
    auto value = parse_value(*find_field(path), text, "'" + std::string(text) + "'");
    return value ? dump(*value) : value.error();
  };
  CHECK(parsed("http.timeout", "1h30m") == "5400000");
  CHECK(parsed("http.timeout", "250ms") == "250");
  CHECK(parsed("http.timeout", "30") == "'30' has no unit; write 30s or 30ms");
  CHECK(parsed("http.timeout", "soon") == "expected a duration such as 30s, 5m or 1h30m, not 'soon'");
  CHECK(parsed("http.timeout", "1ms") == "'1ms' is less than 100ms");
  CHECK(parsed("http.timeout", "25h") == "'25h' is more than 1d");
  CHECK(parsed("resources.memory", "512Mi") == "536870912");
  CHECK(parsed("resources.memory", "500M") == "500000000");
  CHECK(parsed("resources.memory", "1.5Gi") == "1610612736");
  CHECK(parsed("resources.memory", "512") == "'512' has no unit; write 512Mi or 512Gi");
  CHECK(parsed("resources.memory", "1073741824") == "'1073741824' has no unit; write 1Gi");
  CHECK(parsed("resources.memory", "1 GB") == "expected a size such as 512Mi, 1Gi or 500M, not '1 GB'");
  CHECK(parsed("resources.memory", "1Ki") == "'1Ki' is less than 16Mi");
  CHECK(parsed("resources.cpu", "0.5") == "0.5");
  CHECK(parsed("resources.cpu", "500m") == "0.5");
  CHECK(parsed("resources.cpu", "0") == "'0' is less than 0.01");
  CHECK(parsed("resources.cpu", "two") == "expected a number such as 0.5, not 'two'");
  CHECK(parsed("rollout.gate.errors", "10%") == "0.1");
  CHECK(parsed("rollout.gate.errors", "0.1") == "0.1");
  CHECK(parsed("rollout.gate.errors", "10") == "'10' is more than 1, the whole; write 10%");
  CHECK(parsed("rollout.gate.errors", "101%") == "'101%' is more than 100%");
  CHECK(parsed("scale.max", "5") == "5");
  CHECK(parsed("scale.max", "5.0") == "'5.0' is no whole number, or too large");
  CHECK(parsed("scale.max", "99999999999999999999") ==
        "'99999999999999999999' is no whole number, or too large");
  CHECK(parsed("scale.max", "many") == "expected a whole number, not 'many'");
  CHECK(parsed("targets.*.port", "65536") == "'65536' is more than 65535");
  CHECK(parsed("targets.*.port", "-1") == "'-1' is less than 0");
  CHECK(parsed("rollout.strategy", "canry") == "'canry' is no choice; did you mean 'canary'?");
  CHECK(parsed("rollout.strategy", "x") == "'x' is none of all-at-once, blue-green, canary, drain");
  CHECK(parsed("golden.*.tolerance", "1e-6") == "1e-06");
  CHECK(parsed("golden.*.tolerance", "nan") == "expected a number such as 1e-6, not 'nan'");
  const Field truth{.path = "x", .type = FieldType::boolean};
  CHECK(parse_value(truth, "true", "it")->as_bool());
  CHECK(parse_value(truth, "yes", "'yes'").error() == "'yes' is no truth value; write true");
  CHECK(parse_value(truth, "maybe", "'maybe'").error() == "expected true or false, not 'maybe'");
}

TEST_CASE("manifest values: a value that must not be shown is not part of the advice either") {
  CHECK(parse_value(*find_field("http.timeout"), "4711", "this value").error() ==
        "this value has no unit; write ...s or ...ms");
  CHECK(parse_value(*find_field("resources.memory"), "1073741824", "this value").error().find("1Gi") ==
        std::string::npos);
}
