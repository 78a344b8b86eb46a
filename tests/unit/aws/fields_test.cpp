#include "core/manifest/fields.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "core/engine/engine.hpp"
#include "core/oci/layers.hpp"
#include "providers/aws/limits.hpp"
#include "providers/aws/parts.hpp"
#include "providers/aws/render.hpp"
#include "providers/aws/served.hpp"
#include "tests/fakes/folder.hpp"
#include "tests/unit/manifest/field_cases.hpp"

// Every field of the manifest on AWS: it makes a difference that is seen here, or by a test that is named
// here, or it is refused with its line. None is neither.

using namespace mdl;
using manifest::Service;

namespace {

// Where two services that differ in one field must differ.
enum class Seen {
  resources,  // what AWS is asked for
  client,     // what the runtime client is told
  layers,     // the artifact
  platform,   // what the packages are for
  test        // by the test case that begins with these words
};

struct Case {
  std::string_view field;
  Seen seen;
  std::string_view before, after;  // values as JSON; empty: not set. Of `test`: its file and its first words
  std::string_view through = {};   // the field that is set, when a list is set as a whole
  std::string_view key = {};       // of a map's entry
};

constexpr std::string_view aws_test = "tests/integration/aws_test.py";
constexpr std::string_view services_test = "tests/integration/aws_services_test.py";
constexpr std::string_view secrets_test = "tests/integration/aws_secrets_test.py";

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"mdl", Seen::test, "tests/unit/manifest/problems_test.cpp",
       "manifest problems: what is missing is named"},
      {"name", Seen::resources, R"("one")", R"("two")"},
      {"services", Seen::test, "tests/unit/manifest/services_test.cpp",
       "manifest services: a project's services come in the order of their needs"},
      {"build.python", Seen::resources, R"("3.11")", R"("3.12")"},
      {"build.requirements", Seen::layers, R"("one.txt")", R"("two.txt")"},
      {"build.include", Seen::layers, R"(["one.txt"])", R"(["two.txt"])"},
      {"build.command", Seen::test, services_test, "self.assertIn(\"app/made.txt\""},
      {"model.*.path", Seen::layers, R"([{"path": "one.txt"}])", R"([{"path": "two.txt"}])", "model"},
      {"model.*.sha256", Seen::layers, R"([{"path": "one.txt"}])",
       R"([{"path": "one.txt", "sha256": "0000000000000000000000000000000000000000000000000000000000000000"}])",
       "model"},
      {"model.*.context", Seen::resources, R"([{"path": "one.txt"}])",
       R"([{"path": "one.txt", "context": 512}])", "model"},
      {"http.entry", Seen::client, R"("app:one")", R"("app:two")"},
      {"http.handler", Seen::resources, R"("app.one")", R"("app.two")"},
      {"http.command", Seen::client, R"(["one"])", R"(["two"])"},
      {"http.interface", Seen::client, R"("wsgi")", R"("asgi")"},
      {"http.health", Seen::client, R"("/one")", R"("/two")"},
      {"http.timeout", Seen::resources, "1000", "2000"},
      {"resources.cpu", Seen::test, "tests/unit/aws/provider_values_test.cpp",
       "aws limits: figures that Lambda has no room for are refused"},
      {"resources.memory", Seen::resources, "134217728", "268435456"},
      {"scale.min", Seen::resources, "0", "2"},
      {"scale.max", Seen::resources, "5", "6"},
      {"env.*", Seen::resources, R"("one")", R"("two")", "env.*", "LEVEL"},
      {"secrets.*.from", Seen::test, secrets_test, "test_handler_reads_what_its_release_pins"},
      {"golden.*.request", Seen::test, aws_test, "test_life_of_a_handler"},
      {"golden.*.expect", Seen::test, aws_test, "test_life_of_a_handler"},
      {"golden.*.tolerance", Seen::test, "tests/unit/engine/golden_test.cpp",
       "engine: a golden answer may differ as far as the tolerance"},
      {"hooks.pre-deploy", Seen::test, "tests/unit/engine/hooks_test.cpp",
       "engine: a failed pre-deploy hook changes nothing that serves"},
      {"hooks.post-deploy", Seen::test, "tests/unit/engine/hooks_test.cpp",
       "engine: a failed post-deploy hook leaves the release live"},
      {"hooks.on-failure", Seen::test, "tests/unit/engine/hooks_test.cpp",
       "engine: the on-failure hook runs when a release fails"},
      {"rollout.strategy", Seen::test, "tests/contract/provider_test.cpp", "manifest::Strategy::canary"},
      {"rollout.steps", Seen::test, "tests/unit/engine/gate_rollout_test.cpp",
       "rollout: a canary that is no worse goes live, and each step"},
      {"rollout.gate", Seen::test, "tests/integration/aws_failures_test.py", "test_the_gate_stops"},
      {"rollout.gate.errors", Seen::test, "tests/unit/engine/gate_evidence_test.cpp",
       "gate evidence: a limit of no errors is broken by the first"},
      {"rollout.gate.p95", Seen::test, "tests/unit/engine/gate_power_test.cpp",
       "gate: a release over the limits is stopped though the stable one is as bad"},
      {"rollout.hold", Seen::test, "tests/unit/engine/gate_rollout_test.cpp",
       "rollout: without traffic a step passes at its end"},
      {"rollout.keep", Seen::test, "tests/unit/engine/deploy_test.cpp",
       "engine: resources of releases beyond those kept are removed"},
      {"rollout.warm", Seen::test, "providers/aws/limits.cpp",
       "rollout.warm\"},  // a replaced version stays"},
      {"rollout.start-timeout", Seen::resources, "1000", "2000"},
      {"targets.*.provider", Seen::test, "tests/unit/manifest/load_test.cpp",
       "manifest: a target sets its provider's settings"},
      {"targets.*.region", Seen::test, "tests/unit/aws/credentials_test.cpp",
       "aws place: region and endpoints"},
      {"targets.*.profile", Seen::test, "tests/unit/aws/credentials_test.cpp",
       "aws credentials: a profile that is not there"},
      {"targets.*.role", Seen::resources, "", R"("arn:aws:iam::1:role/x")"},
      {"targets.*.runtime", Seen::resources, R"("python3.11")", R"("python3.12")"},
      {"targets.*.architecture", Seen::platform, R"("x86_64")", R"("arm64")"},
      {"targets.*.vpc.subnets", Seen::resources, R"(["a"])", R"(["b"])"},
      {"targets.*.vpc.security-groups", Seen::resources, R"(["a"])", R"(["b"])"},
      {"targets.*.url-auth", Seen::resources, R"("none")", R"("iam")"},
      {"targets.*.stream", Seen::client, "false", "true"},
      {"targets.*.cors.origins", Seen::resources, R"(["a"])", R"(["b"])"},
      {"targets.*.cors.methods", Seen::resources, R"(["GET"])", R"(["PUT"])"},
      {"targets.*.cors.headers", Seen::resources, R"(["a"])", R"(["b"])"},
      {"targets.*.cors.max-age", Seen::resources, "1000", "2000"},
      {"targets.*.log-retention", Seen::resources, "30", "60"},
      {"targets.*.ephemeral-storage", Seen::resources, "536870912", "1073741824"},
      {"targets.*.tags.*", Seen::resources, R"({"team": "a"})", R"({"team": "b"})", "targets.*.tags"},
  };
  return all;
}

struct Bench {
  fakes::TempFolder folder;
  Bench() {
    for (const auto* name : {"one.txt", "two.txt", "app.py"}) folder.write(name, std::string(name) + "\n");
  }

  // "vpc.subnets" below the target's settings.
  static void set_setting(Value& settings, std::string_view path, const Value& value) {
    const auto dot = path.find('.');
    if (dot == std::string_view::npos) {
      settings.set(std::string(path), value);
      return;
    }
    auto inner = settings[path.substr(0, dot)];
    if (!inner.is_object()) inner = Value::object();
    inner.set(std::string(path.substr(dot + 1)), value);
    settings.set(std::string(path.substr(0, dot)), inner);
  }

  Service service(const Case& one, std::string_view json) const {
    Service service;
    service.name = "hello";
    service.folder = folder.path();
    service.file = service.folder + "/mdl.yaml";
    service.target = {.name = "eu", .provider = "aws", .settings = Value::object()};
    if (one.field == "http.interface" || one.field == "build.python") service.http.entry = "app:app";
    if (!one.field.starts_with("http.") || one.field == "http.health" || one.field == "http.timeout")
      if (service.http.entry.empty()) service.http.command = {"./server"};
    if (one.field == "http.handler") service.http.command.clear();
    if (one.field == "resources.cpu") service.resources.memory_bytes = 2LL << 30;
    if (json.empty()) return service;
    const auto value = parse_json(json);
    REQUIRE(value);
    const auto path = one.through.empty() ? one.field : one.through;
    const auto* field = manifest::find_field(path, "aws");
    REQUIRE(field);
    if (field->set)
      field->set(service, *value, one.key);
    else
      set_setting(service.target.settings, path.substr(std::string_view("targets.*.").size()), *value);
    service.sources[std::string(one.field)] = {.file = "mdl.yaml", .line = 1};
    return service;
  }

  static std::string resources(const Service& service) {
    std::string text;
    const auto names = aws::names_of({service.name, service.target.name}, "eu-central-1");
    for (const auto& one : aws::render(service, {.number = 1, .artifact = "abc"}, names))
      text += dump(plan::to_value(one)) + "\n";
    return text;
  }
  static std::string layers(const Service& service) {
    const auto plan = oci::plan_layers({.service = service, .platform = "p", .python = "3.11"});
    return plan ? plan->digest() : plan.error().message;
  }
};

void check_seen(const Bench& bench, const Case& one) {
  if (one.seen == Seen::test) {
    CHECK(test::stands_in(one.before, one.after));
    return;
  }
  const auto before = bench.service(one, one.before), after = bench.service(one, one.after);
  if (one.seen == Seen::resources) CHECK(Bench::resources(before) != Bench::resources(after));
  if (one.seen == Seen::client)
    CHECK(dump(aws::client_settings(before)) != dump(aws::client_settings(after)));
  if (one.seen == Seen::layers) CHECK(Bench::layers(before) != Bench::layers(after));
  if (one.seen == Seen::platform) {
    CHECK(aws::platform_of(before) != aws::platform_of(after));
    CHECK(Bench::resources(before) != Bench::resources(after));
  }
}

}  // namespace

TEST_CASE("aws fields: each field makes a difference that is seen, or is refused") {
  Bench bench;
  using enum manifest::FieldType;
  for (const auto& field : manifest::fields()) {
    CAPTURE(field.path);
    const bool container = field.type == section || field.type == sections || field.type == map;
    if (container && field.path != "rollout.gate") continue;
    const auto one = std::ranges::find(cases(), field.path, &Case::field);
    const bool others =
        !field.providers.empty() && std::ranges::find(field.providers, "aws") == field.providers.end();
    if (one != cases().end() && !others) {
      CHECK_FALSE(aws::refusal(test::concrete(field.path), bench.service(*one, "")));
      check_seen(bench, *one);
      continue;
    }
    Service service;
    service.resources.gpu = 1;
    CHECK_MESSAGE(aws::refusal(test::concrete(field.path), service), "neither seen nor refused");
  }
}

TEST_CASE("aws fields: no case speaks of a field that is gone") {
  for (const auto& one : cases()) {
    CAPTURE(one.field);
    CHECK(manifest::find_field(one.field, "aws") != nullptr);
  }
}
