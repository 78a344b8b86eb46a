#include "core/manifest/fields.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>

#include "core/engine/engine.hpp"
#include "core/oci/layers.hpp"
#include "providers/local/launch.hpp"
#include "providers/local/supervisor/scale.hpp"
#include "tests/unit/local/scripted.hpp"
#include "tests/unit/manifest/field_cases.hpp"

// Every field of the manifest on the target local: it makes a difference that is seen here, or by a test that
// is named here, or it is refused with its line. None is neither.

using namespace mdl;
using manifest::Service;
using test::LocalHome;

namespace {

// Where two services that differ in one field must differ.
enum class Seen {
  resources,  // what the platform is asked for
  launch,     // the same, and how a replica is started
  scale,      // the same, and the supervisor's limits
  layers,     // the artifact
  secrets,    // the versions that a release pins
  made,       // what a build makes in the service's folder
  test        // by the test case that begins with these words
};

struct Case {
  std::string_view field;
  Seen seen;
  std::string_view before, after;  // values as JSON; empty: not set. Of `test`: its file and its first words
  std::string_view through = {};   // the field that is set, when a list is set as a whole
  std::string_view key = {};       // of a map's entry
};

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
      {"build.dockerfile", Seen::resources, "", R"("Dockerfile")"},
      {"build.command", Seen::made, R"(["true"])", R"(["touch", "made"])"},
      {"model.*.path", Seen::layers, R"([{"path": "one.txt"}])", R"([{"path": "two.txt"}])", "model"},
      {"model.*.sha256", Seen::layers, R"([{"path": "one.txt"}])",
       R"([{"path": "one.txt", "sha256": "0000000000000000000000000000000000000000000000000000000000000000"}])",
       "model"},
      {"model.*.from", Seen::test, "tests/unit/oci/layers_test.cpp",
       "oci: weights to be fetched stand in the place of local ones"},
      {"model.*.context", Seen::launch, R"([{"path": "one.txt"}])",
       R"([{"path": "one.txt", "context": 512}])", "model"},
      {"http.entry", Seen::launch, R"("app:one")", R"("app:two")"},
      {"http.handler", Seen::launch, R"("app.one")", R"("app.two")"},
      {"http.command", Seen::launch, R"(["one"])", R"(["two"])"},
      {"http.interface", Seen::launch, R"("wsgi")", R"("asgi")"},
      {"http.health", Seen::resources, R"("/one")", R"("/two")"},
      {"http.timeout", Seen::resources, "1000", "2000"},
      {"resources.cpu", Seen::launch, "1", "3"},
      {"resources.memory", Seen::resources, "100000000", "200000000"},
      {"scale.min", Seen::scale, "0", "2"},
      {"scale.max", Seen::scale, "5", "6"},
      {"scale.concurrency", Seen::scale, "1", "2"},
      {"scale.idle", Seen::scale, "1000", "2000"},
      {"env.*", Seen::launch, R"("one")", R"("two")", "env.*", "LEVEL"},
      {"secrets.*.from", Seen::secrets, R"("file:one.txt")", R"("file:two.txt")", "secrets.*.from", "TOKEN"},
      {"golden.*.request", Seen::test, "tests/unit/engine/gate_answers_test.cpp",
       "gate answers: a release whose answer changed gets no traffic"},
      {"golden.*.expect", Seen::test, "tests/unit/engine/golden_test.cpp",
       "engine: a golden answer that is not the expected one"},
      {"golden.*.tolerance", Seen::test, "tests/unit/engine/golden_test.cpp",
       "engine: a golden answer may differ as far as the tolerance"},
      {"metrics.from", Seen::resources, R"("/one")", R"("/two")"},
      {"hooks.pre-deploy", Seen::test, "tests/unit/engine/hooks_test.cpp",
       "engine: a failed pre-deploy hook changes nothing that serves"},
      {"hooks.post-deploy", Seen::test, "tests/unit/engine/hooks_test.cpp",
       "engine: a failed post-deploy hook leaves the release live"},
      {"hooks.on-failure", Seen::test, "tests/unit/engine/hooks_test.cpp",
       "engine: the on-failure hook runs when a release fails"},
      {"rollout.strategy", Seen::test, "tests/unit/engine/drain_test.cpp",
       "drain: what is live is stopped before the new release is made"},
      {"rollout.steps", Seen::test, "tests/unit/engine/gate_rollout_test.cpp",
       "rollout: a canary that is no worse goes live, and each step"},
      {"rollout.hold", Seen::test, "tests/unit/engine/gate_rollout_test.cpp",
       "rollout: without traffic a step passes at its end"},
      {"rollout.gate", Seen::test, "tests/unit/engine/gate_rollout_test.cpp",
       "rollout: blue-green without a gate is one swap and no wait"},
      {"rollout.gate.errors", Seen::test, "tests/unit/engine/gate_evidence_test.cpp",
       "gate evidence: a limit of no errors is broken by the first"},
      {"rollout.gate.p95", Seen::test, "tests/unit/engine/gate_power_test.cpp",
       "gate: a release over the limits is stopped though the stable one is as bad"},
      {"rollout.keep", Seen::test, "tests/unit/engine/deploy_test.cpp",
       "engine: resources of releases beyond those kept are removed"},
      {"rollout.warm", Seen::scale, "1000", "2000"},
      {"rollout.start-timeout", Seen::resources, "1000", "2000"},
      {"needs", Seen::resources, R"(["one"])", R"(["two"])"},
      {"targets.*.provider", Seen::test, "tests/unit/manifest/load_test.cpp",
       "manifest: a target sets its provider's settings"},
      {"targets.*.port", Seen::resources, "8401", "8402"},
  };
  return all;
}

struct Bench {
  LocalHome home;
  provider::Provider provider = local::make_provider(home.options());
  std::string folder = home.home.root + "/service";

  Bench() {
    for (const auto* name : {"one.txt", "two.txt", "app.py"})
      REQUIRE(write_file(folder + "/" + name, std::string(name) + "\n"));
    REQUIRE(write_file(home.home.artifacts() + "/abc/environment/bin/python", "", 0755));
    REQUIRE(write_file(home.home.artifacts() + "/abc/front/mdl_front.py", ""));
    REQUIRE(write_file(home.home.artifacts() + "/abc/app/app.py", ""));
  }

  Service service(const Case& one, std::string_view json) const {
    Service service;
    service.name = "hello";
    service.folder = folder;
    service.file = folder + "/mdl.yaml";
    service.target = {.name = "local", .provider = "local", .settings = Value::object()};
    if (one.field == "http.interface") service.http.entry = "app:app";
    if (!one.field.starts_with("http.") && one.field != "build.dockerfile") service.http.command = {"true"};
    if (json.empty()) return service;
    const auto value = parse_json(json);
    REQUIRE(value);
    const auto path = one.through.empty() ? one.field : one.through;
    const auto* field = manifest::find_field(path, "local");
    REQUIRE(field);
    if (field->set)
      field->set(service, *value, one.key);
    else
      service.target.settings.set(path.substr(path.rfind('.') + 1), *value);
    return service;
  }

  std::vector<plan::Desired> desired(const Service& service) const {
    return provider.resources->desired(service, {.number = 1, .artifact = "abc"});
  }

  std::string resources(const Service& service) const {
    std::string text;
    for (const auto& one : desired(service)) text += dump(plan::to_value(one)) + "\n";
    return text;
  }
  std::string launched(const Service& service) const {
    const auto launch = local::launch(home.home, desired(service).back().spec, {}, {}, 1, Value::object());
    REQUIRE(launch);
    std::string text;
    for (const auto& argument : launch->arguments) text += argument + "\n";
    for (const auto& [name, value] : launch->environment) text += name + "=" + value + "\n";
    return text;
  }
  std::string limits(const Service& service) const {
    const auto found = local::supervisor::scale_limits(desired(service)[1].spec["declared"]);
    return dump(Value::array({found.min, found.max, found.concurrency, std::int64_t{found.idle.count()},
                              std::int64_t{found.warm.count()}}));
  }
  std::string layers(const Service& service) const {
    const auto plan = oci::plan_layers({.service = service, .platform = "p", .python = "3.11.2"});
    return plan ? plan->digest() : plan.error().message;
  }
  std::string versions(const Service& service) const {
    const auto found = provider.secrets->versions(service);
    REQUIRE(found);
    std::string text;
    for (const auto& [name, version] : *found) text += name + "=" + version + "\n";
    return text;
  }
  std::string made(const Service& service) const {
    REQUIRE(provider.artifacts->prepare(service, [](const auto&) {}));
    return exists(folder + "/made") ? "made" : "";
  }
};

void check_seen(const Bench& bench, const Case& one) {
  if (one.seen == Seen::test) {
    CHECK(test::stands_in(one.before, "\"" + std::string(one.after)));
    return;
  }
  const auto before = bench.service(one, one.before), after = bench.service(one, one.after);
  switch (one.seen) {
    case Seen::launch:
      CHECK(bench.launched(before) != bench.launched(after));
      [[fallthrough]];
    case Seen::resources:
      CHECK(bench.resources(before) != bench.resources(after));
      break;
    case Seen::scale:
      CHECK(bench.limits(before) != bench.limits(after));
      CHECK(bench.resources(before) != bench.resources(after));
      break;
    case Seen::layers:
      CHECK(bench.layers(before) != bench.layers(after));
      break;
    case Seen::secrets:
      CHECK(bench.versions(before) != bench.versions(after));
      break;
    case Seen::made: {
      const auto first = bench.made(before);
      CHECK(first != bench.made(after));
      break;
    }
    case Seen::test:
      break;
  }
}

// A value that is not the default where a field is refused only then.
Service with_each() {
  Service service;
  service.resources.gpu = 1;
  service.secrets["0"] = {.scheme = "aws-secrets", .locator = "x"};
  return service;
}

}  // namespace

TEST_CASE("local fields: each field makes a difference that is seen, or is refused with its line") {
  Bench bench;
  using enum manifest::FieldType;
  for (const auto& field : manifest::fields()) {
    CAPTURE(field.path);
    const bool container = (field.type == section || field.type == sections || field.type == map) &&
                           field.path != "rollout.gate";  // is what the fields below it are
    if (container && field.providers.empty()) continue;
    const auto one = std::ranges::find(cases(), field.path, &Case::field);
    const bool others =
        !field.providers.empty() && std::ranges::find(field.providers, "local") == field.providers.end();
    if (one != cases().end() && !others) {
      CHECK_FALSE(bench.provider.limits->refuses(test::concrete(field.path), bench.service(*one, "")));
      check_seen(bench, *one);
      continue;
    }
    auto service = with_each();
    service.sources[test::concrete(field.path)] = {.file = "mdl.yaml", .line = 7};
    const auto problems = engine::preflight(service, nullptr, bench.provider);
    const bool refused = std::ranges::any_of(problems, [&](const auto& problem) {
      return problem.field == test::concrete(field.path) && problem.where && problem.where->line == 7 &&
             problem.severity == manifest::Severity::certain;
    });
    CHECK_MESSAGE(refused, "neither seen nor refused");
  }
}

TEST_CASE("local fields: no case speaks of a field that is gone") {
  for (const auto& one : cases()) {
    CAPTURE(one.field);
    CHECK(manifest::find_field(one.field, "local") != nullptr);
  }
}
