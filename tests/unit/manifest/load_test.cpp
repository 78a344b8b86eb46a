#include "tests/unit/manifest/project.hpp"

using namespace mdl;
using namespace mdl::manifest;
using namespace mdl::manifest::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view sample = R"(mdl: 1
name: credit-risk
build:
  python: "3.11"
  requirements: requirements.txt
  include: ["src/**"]
  base: registry.example/python:3.11-slim
model:
  - path: weights/                # large files
  - { path: base.gguf, from: "hf://org/repo@rev/base.gguf" }
http: { entry: "src.app:app", health: /healthz, timeout: 30s }
resources: { cpu: 1, memory: 1Gi, gpu: 0 }
scale: { min: 0, max: 10, concurrency: 8, idle: 5m }
env: { LOG_LEVEL: info }
secrets: { DB_PASSWORD: { from: aws-secrets:prod/db } }
golden: [ { request: tests/a.json, expect: tests/a.out.json, tolerance: 1e-6 } ]
metrics: { from: /metrics }
hooks: { post-deploy: [make, smoke] }
rollout: { strategy: canary, steps: [10%, 50%], hold: 2m, gate: { errors: 1%, p95: 300ms } }
targets:
  local: {}
  prod:  { provider: k8s, namespace: risk, registry: registry.example/risk }
  eu:    { provider: aws, region: eu-central-1, scale: { max: 50 } }
)";

Folder& sample_folder(Folder& folder) {
  folder.write("mdl.yaml", sample);
  for (const auto* file : {"requirements.txt", "tests/a.json", "tests/a.out.json"}) folder.write(file, "");
  return folder;
}

}  // namespace

TEST_CASE("manifest: the sample of the design loads, every field in its place") {
  Folder folder;
  sample_folder(folder);
  const auto project = load(folder.path("mdl.yaml"), {});
  if (!project)
    for (const auto& text : texts(project.error(), folder)) FAIL_CHECK(text);
  REQUIRE(project);
  CHECK(project->folder == folder.path());
  CHECK(project->target == "local");
  CHECK(project->targets == std::vector<std::string>{"local", "prod", "eu"});
  REQUIRE(project->services.size() == 1);
  const auto& service = project->services[0];
  CHECK(service.name == "credit-risk");
  CHECK(service.folder == folder.path());
  CHECK(service.file == folder.path("mdl.yaml"));
  CHECK(service.build.python == "3.11");
  CHECK(service.build.requirements == "requirements.txt");
  CHECK(service.build.include == std::vector<std::string>{"src/**"});
  CHECK(service.build.base == "registry.example/python:3.11-slim");
  REQUIRE(service.model.size() == 2);
  CHECK(service.model[0].path == "weights/");
  CHECK(service.model[1].from == "hf://org/repo@rev/base.gguf");
  CHECK(service.http.entry == "src.app:app");
  CHECK(service.http.interface == "auto");
  CHECK(service.http.timeout == 30s);
  CHECK(service.resources.cpu == 1);
  CHECK(service.resources.memory_bytes == 1 << 30);
  CHECK(service.scale.min == 0);
  CHECK(service.scale.max == 10);
  CHECK(service.scale.idle == 5min);
  CHECK(service.env == std::map<std::string, std::string>{{"LOG_LEVEL", "info"}});
  CHECK(service.secrets.at("DB_PASSWORD").scheme == "aws-secrets");
  CHECK(service.secrets.at("DB_PASSWORD").locator == "prod/db");
  REQUIRE(service.golden.size() == 1);
  CHECK(service.golden[0].expect == "tests/a.out.json");
  CHECK(service.golden[0].tolerance == 1e-6);
  CHECK(service.metrics_from == "/metrics");
  CHECK(service.hooks.post_deploy == std::vector<std::string>{"make", "smoke"});
  CHECK(service.rollout.strategy == Strategy::canary);
  CHECK(service.rollout.steps == std::vector<double>{0.1, 0.5});
  REQUIRE(service.rollout.gate);
  CHECK(service.rollout.gate->errors == 0.01);
  CHECK(service.rollout.gate->p95 == 300ms);
  CHECK(service.target.provider == "local");
  CHECK(service.target.settings == Value::object());
}

TEST_CASE("manifest: a target sets its provider's settings and replaces fields of the service") {
  Folder folder;
  sample_folder(folder);
  const auto eu = load(folder.path(), {.target = "eu"});
  REQUIRE(eu);
  const auto& service = eu->services[0];
  CHECK(service.target.provider == "aws");
  CHECK(service.target.settings == Value::object({{"region", "eu-central-1"}}));
  CHECK(service.scale.max == 50);
  CHECK(service.scale.min == 0);
  const auto prod = load(folder.path(), {.target = "prod"});
  REQUIRE(prod);
  CHECK(prod->services[0].target.settings ==
        Value::object({{"namespace", "risk"}, {"registry", "registry.example/risk"}}));
}

TEST_CASE("manifest: every field that is set has its place") {
  Folder folder;
  sample_folder(folder);
  const auto project = load(folder.path(), {.target = "eu", .sets = {"scale.min=2"}});
  REQUIRE(project);
  const auto& service = project->services[0];
  const auto timeout = service.source_of("http.timeout");
  REQUIRE(timeout);
  CHECK(timeout->line == 11);
  CHECK(timeout->column == 58);
  CHECK(timeout->length == 3);
  CHECK(timeout->text == R"(http: { entry: "src.app:app", health: /healthz, timeout: 30s })");
  CHECK(service.sources.at("env.LOG_LEVEL").line == 14);
  CHECK(service.sources.at("model.1.path").line == 10);
  CHECK(service.source_of("golden.0.whatever")->line == 16);
  CHECK(service.sources.at("targets.eu.region").line == 23);
  CHECK(service.sources.at("scale.max").line == 23);
  CHECK(service.sources.at("scale.min").file == "--set");
  CHECK(service.sources.at("scale.min").line == 0);
  CHECK_FALSE(service.source_of("build.dockerfile"));
}

TEST_CASE("manifest: problems are shown in compiler style, all at once, sorted by place") {
  const auto problems = problems_of(
      "mdl: 1\n"
      "name: risk\n"
      "scael: { min: 1 }\n"
      "http: { entry: \"app:app\", timeout: 20 }\n");
  REQUIRE(problems.size() == 2);
  CHECK(problems[0] ==
        "mdl.yaml:3:1: unknown field 'scael'; did you mean 'scale'?\n"
        "  3 | scael: { min: 1 }\n"
        "    | ^^^^^");
  CHECK(problems[1] ==
        "mdl.yaml:4:36: http.timeout: '20' has no unit; write 20s or 20ms\n"
        "  4 | http: { entry: \"app:app\", timeout: 20 }\n"
        "    |                                    ^^");
}
