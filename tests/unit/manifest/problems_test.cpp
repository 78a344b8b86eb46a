#include <algorithm>

#include "tests/unit/manifest/project.hpp"

using namespace mdl;
using namespace mdl::manifest;
using namespace mdl::manifest::testing;

namespace {

// The first line of the only problem.
std::string only(std::string_view text, const LoadOptions& options = {}) {
  const auto problems = problems_of(text, options);
  if (problems.size() != 1) {
    std::string all = std::to_string(problems.size()) + " problems";
    for (const auto& problem : problems) all += "\n" + problem;
    return all;
  }
  return problems[0].substr(0, problems[0].find('\n'));
}
// The same for lines after the small right manifest, which has three.
std::string only_after(std::string_view text, const LoadOptions& options = {}) {
  return only(small + std::string(text), options);
}

bool holds(const std::vector<std::string>& problems, std::string_view text) {
  return std::ranges::any_of(problems,
                             [&](const auto& problem) { return problem.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("manifest problems: a small right manifest has none") { CHECK(problems_of(small).empty()); }

TEST_CASE("manifest problems: an unknown field names the nearest one, or the place where it would be right") {
  CHECK(only_after("scael: {}\n") == "mdl.yaml:4:1: unknown field 'scael'; did you mean 'scale'?");
  CHECK(only_after("scale: { mni: 1 }\n") ==
        "mdl.yaml:4:10: unknown field 'mni' in 'scale'; did you mean 'min'?");
  CHECK(only_after("scale: { zzzzzz: 1 }\n") ==
        "mdl.yaml:4:10: unknown field 'zzzzzz' in 'scale'; here can stand min, max, concurrency, idle");
  CHECK(only_after("handler: a.b\n") == "mdl.yaml:4:1: unknown field 'handler'; it stands below 'http'");
  CHECK(only_after("namespace: risk\n") ==
        "mdl.yaml:4:1: unknown field 'namespace'; it stands in a target with provider k8s");
  CHECK(only_after("http.timeout: 3s\n") == "mdl.yaml:4:1: unknown field 'http.timeout'");
  CHECK(only_after("golden: [ { reqest: a } ]\n").find("problems") != std::string::npos);
  CHECK(only_after("targets: { local: { prot: 1 } }\n") ==
        "mdl.yaml:4:21: unknown field 'prot'; did you mean 'port'?");
}

TEST_CASE("manifest problems: what is missing is named with an example") {
  CHECK(problems_of("http: { entry: \"a:a\" }\n") ==
        std::vector<std::string>{"mdl.yaml:1:1: 'mdl' is missing; add mdl: 1\n"
                                 "  1 | http: { entry: \"a:a\" }\n    | ^",
                                 "mdl.yaml:1:1: 'name' is missing; add name: credit-risk\n"
                                 "  1 | http: { entry: \"a:a\" }\n    | ^"});
  CHECK(only("mdl: 1\nname: a\n") ==
        "mdl.yaml:1:1: http: one of entry, handler and command is needed, such as entry: app:app");
  CHECK(only("mdl: 2\nname: a\nhttp: {entry: \"a:a\"}\n") == "mdl.yaml:1:6: mdl: '2' is more than 1");
  CHECK(only_after("model: [ { from: hf://a/b@c/d } ]\n") == "mdl.yaml:4:10: model.0: 'path' is missing");
  CHECK(only_after("secrets: { A: {} }\n") == "mdl.yaml:4:12: secrets.A: 'from' is missing");
  CHECK(only("") == "mdl.yaml:1:1: expected fields, such as 'mdl: 1', but found nothing");
  CHECK(only("- a\n") == "mdl.yaml:1:1: expected fields, such as 'mdl: 1', but found a list");
}

TEST_CASE("manifest problems: wrong types everywhere are all found") {
  const auto problems = problems_of(
      "mdl: [1]\n"
      "name: { a: b }\n"
      "build: [x]\n"
      "model: weights\n"
      "http: 3\n"
      "resources: { cpu: [1], memory: {}, gpu: }\n"
      "scale: yes\n"
      "env: [A]\n"
      "secrets: { A: [1] }\n"
      "golden: { a: b }\n"
      "metrics: { from: [x] }\n"
      "hooks: { pre-deploy: make, post-deploy: [[make]], on-failure: [] }\n"
      "rollout: { steps: 10%, gate: 3 }\n"
      "needs: other\n"
      "targets: [local]\n");
  for (const auto* expected :
       {"1:6: mdl: expected a whole number, not a list",
        "2:7: name: expected a text, not fields",
        "3:8: build: expected fields below it, not a list",
        "4:8: model: expected a list such as '- path: weights/', not a single value",
        "5:7: http: expected fields below it, not a single value",
        "6:19: resources.cpu: expected a number, not a list",
        "6:32: resources.memory: expected a size, not fields",
        "6:36: resources.gpu: expected a whole number, not nothing",
        "7:8: scale: expected fields below it, not a single value",
        "8:6: env: expected fields below it, not a list",
        "9:15: secrets.A: a secret's value does not belong in a manifest",
        "10:9: golden: expected a list such as '- request: tests/a.json', not fields",
        "11:18: metrics.from: expected a text, not a list",
        "12:22: hooks.pre-deploy: expected a list such as [make, lint], not a single value",
        "12:42: hooks.post-deploy.0: expected a text, not a list",
        "12:63: hooks.on-failure: the program is missing",
        "13:19: rollout.steps: expected a list such as [10%, 50%], not a single value",
        "13:30: rollout.gate: expected fields below it, not a single value",
        "14:8: needs: expected a list such as [recommend], not a single value",
        "15:10: targets: expected fields below it, not a list"}) {
    CAPTURE(expected);
    CHECK(holds(problems, std::string("mdl.yaml:") + expected));
  }
}

TEST_CASE("manifest problems: fields that exclude each other") {
  CHECK(only("mdl: 1\nname: a\nhttp: { entry: \"a:a\", command: [x] }\n") ==
        "mdl.yaml:3:32: 'http.entry' and 'http.command' exclude each other");
  CHECK(only_after("build: { requirements: r.txt, image: x }\n")
            .find("'build.requirements' and 'build.image' exclude") != std::string::npos);
  CHECK(problems_of("mdl: 1\nname: a\nbuild: { image: registry.example/x }\n").empty());
  CHECK(only("mdl: 1\nname: a\nhttp: { handler: a.b, interface: wsgi }\n").find("exclude each other") !=
        std::string::npos);
  CHECK(only_after("env: { A: x }\nsecrets: { A: { from: \"env:B\" } }\n") ==
        "mdl.yaml:5:23: 'A' is in env and in secrets");
}

TEST_CASE("manifest problems: combinations that cannot work") {
  CHECK(only_after("scale: { min: 5, max: 2 }\n") ==
        "mdl.yaml:4:15: scale.min: 5 is more than scale.max, which is 2");
  CHECK(only_after("scale: { min: 5 }\n") ==
        "mdl.yaml:4:15: scale.min: 5 is more than scale.max, which is 4 by default");
  CHECK(problems_of(small + "scale: { min: 0, max: 1 }\n").empty());
  CHECK(only_after("rollout: { strategy: canary }\n") ==
        "mdl.yaml:4:22: rollout.strategy: a canary needs steps, such as steps: [10%, 50%]");
  CHECK(only_after("rollout: { steps: [10%] }\n") ==
        "mdl.yaml:4:19: rollout.steps: only strategy canary has steps");
  CHECK(only_after("rollout: { strategy: canary, steps: [10%, 50%, 50%] }\n") ==
        "mdl.yaml:4:48: rollout.steps.2: 50% does not come after 50%; steps rise");
  CHECK(only_after("rollout: { strategy: canary, steps: [0%] }\n") ==
        "mdl.yaml:4:38: rollout.steps.0: '0%' is less than 0.01%");
  CHECK(only_after("rollout: { gate: {} }\n") ==
        "mdl.yaml:4:12: rollout.gate: only the strategies canary and blue-green have a gate");
  CHECK(problems_of(small + "rollout: { strategy: blue-green, gate: { p95: 1s } }\n").empty());
  CHECK(only_after("needs: [other]\n") ==
        "mdl.yaml:4:9: needs: this project has no service 'other'; load the project's manifest, which lists "
        "its services");
  CHECK(only_after("needs: [risk]\n") ==
        "mdl.yaml:4:9: needs: services need each other in a circle: risk -> risk");
}

TEST_CASE("manifest problems: paths stay in the folder and files are there") {
  CHECK(only_after("build: { requirements: /etc/passwd }\n") ==
        "mdl.yaml:4:24: build.requirements: expected a path below the manifest's folder, without '..', not "
        "'/etc/passwd'");
  CHECK(only_after("build: { dockerfile: ../Dockerfile }\n").find("expected a path below") !=
        std::string::npos);
  CHECK(only_after("model: [ { path: a/../../b } ]\n").find("expected a path below") != std::string::npos);
  CHECK(only_after("build: { requirements: r.txt }\n") ==
        "mdl.yaml:4:24: build.requirements: there is no file 'r.txt'");
  CHECK(only_after("build: { requirements: . }\n") ==
        "mdl.yaml:4:24: build.requirements: '.' is no regular file, or cannot be read");
  CHECK(problems_of(small + "golden: [ { request: a, expect: b } ]\n").size() == 2);
}

TEST_CASE("manifest problems: where weights come from") {
  CHECK(only_after("model: [ { path: a, from: \"https://x.example/a\" } ]\n") ==
        "mdl.yaml:4:27: model.0.from: a file from https:// needs its sha256 beside it");
  CHECK(only_after("model: [ { path: a, from: \"hf://org/repo\" } ]\n") ==
        "mdl.yaml:4:27: model.0.from: expected hf://organisation/repository@revision/file");
  CHECK(only_after("model: [ { path: a, from: \"s3://b/a\" } ]\n") ==
        "mdl.yaml:4:27: model.0.from: expected hf://... or https://..., not 's3://b/a'");
}

TEST_CASE("manifest problems: names of variables, and those that are mdl's own") {
  for (const auto* name : {"1A", "A-B", "PORT", "MDL_URL_X"}) {
    CAPTURE(name);
    CHECK(holds(problems_of(small + "env: { " + name + ": x }\n"), "not '" + std::string(name) + "'"));
    CHECK(holds(problems_of(small + "secrets: { " + name + ": { from: \"env:X\" } }\n"),
                "not '" + std::string(name) + "'"));
  }
  CHECK(service_of(small + "env: { A: true, B: 1.10, C: \"\" }\n").env ==
        std::map<std::string, std::string>{{"A", "true"}, {"B", "1.10"}, {"C", ""}});
  CHECK(only_after("env: { A: }\n") == "mdl.yaml:4:8: env.A: has no value; write \"\" for an empty text");
}

TEST_CASE("manifest problems: a literal secret is refused, and neither it nor its line is shown") {
  for (const auto* secrets : {"secrets: { A: hunter2 }\n", "secrets: { A: { from: hunter2 } }\n",
                              "secrets: { A: { value: hunter2 } }\n", "secrets:\n  A: hunter2\n",
                              "secrets:\n  A:\n    value: hunter2\n", "secrets: [ A=hunter2 ]\n",
                              "secrets: hunter2\n", "secrets: { A: { from: \"hunter2:x\" } }\n",
                              "secrets: { A: \"env:B\", scael: { from: hunter2 } }\n"}) {
    const auto problems = problems_of(small + secrets);
    CAPTURE(secrets);
    CHECK_FALSE(problems.empty());
    CHECK_FALSE(holds(problems, "hunter2"));
  }
  CHECK(only_after("secrets: { DB: x }\n") ==
        "mdl.yaml:4:16: secrets.DB: a secret's value does not belong in a manifest; say where it is kept, as "
        "in DB: { "
        "from: env:DB }");
  CHECK(only_after("secrets: { DB: { from: \"aws-secret:prod/db\" } }\n") ==
        "mdl.yaml:4:24: secrets.DB.from: unknown store; did you mean 'aws-secrets'?");
  CHECK(only_after("secrets: { DB: { from: \"env:\" } }\n") ==
        "mdl.yaml:4:24: secrets.DB.from: after 'env:' the secret's place is missing");
}

TEST_CASE("manifest problems: targets and their providers") {
  CHECK(only_after("targets: { prod: {} }\n") ==
        "mdl.yaml:4:12: targets.prod: 'provider' is missing; it is one of local, k8s, aws, gcp, azure");
  CHECK(only_after("targets: { lokal: {} }\n").ends_with("; did you mean 'local'?"));
  CHECK(only_after("targets: { prod: { provider: asw } }\n") ==
        "mdl.yaml:4:30: targets.prod.provider: 'asw' is no choice; did you mean 'aws'?");
  CHECK(only_after("targets: { aws: { namespace: x } }\n") ==
        "mdl.yaml:4:19: 'namespace' is a setting of k8s; target 'aws' is aws");
  CHECK(only_after("targets: { local: { name: x } }\n") ==
        "mdl.yaml:4:21: 'name' cannot be different in a target");
  CHECK(only_after("targets: { gcp: { kind: container-app } }\n") ==
        "mdl.yaml:4:25: kind: 'container-app' is none of run, function");
  CHECK(problems_of(small + "targets: { azure: { kind: container-app } }\n").empty());
  CHECK(problems_of(small + "targets: { local: }\n").empty());
  CHECK(only_after("targets: { Local: {} }\n").find("expected a name of small letters") != std::string::npos);
  // A target that is not in use is checked all the same.
  CHECK(only_after("targets: { local: {}, aws: { region: \"a b\" } }\n") ==
        "mdl.yaml:4:38: region: expected a text without spaces, not 'a b'");
}

TEST_CASE("manifest problems: which target") {
  const auto two = small + "targets: { prod: { provider: aws }, staging: { provider: aws } }\n";
  CHECK(only(two) == "choose a target with -t: mdl.yaml has prod, staging");
  CHECK(only(two, {.target = "stagin"}) == "unknown target 'stagin'; did you mean 'staging'?");
  CHECK(only(two, {.target = "zzz"}) == "unknown target 'zzz'; mdl.yaml has prod, staging");
  CHECK(service_of(small + "targets: { prod: { provider: aws } }\n").target.name == "prod");
  CHECK(service_of(small + "targets: { prod: { provider: aws }, local: {} }\n").target.name == "local");
  CHECK(service_of(small).target.provider == "local");
}

TEST_CASE("manifest problems: at most 50 are shown, then how many more there are") {
  std::string text = small;
  for (int i = 0; i < 9'000; ++i) text += "zzz" + std::to_string(i) + ": 1\n";
  const auto problems = problems_of(text);
  REQUIRE(problems.size() == 51);
  CHECK(problems[0].starts_with("mdl.yaml:4:1: unknown field 'zzz0'"));
  CHECK(problems[49].starts_with("mdl.yaml:53:1: "));
  CHECK(problems[50] == "and 8950 more problems");
}

TEST_CASE("manifest problems: hostile manifests get a few located problems") {
  std::string targets = small + "targets:\n";
  for (int i = 0; i < 4'000; ++i) targets += "  t" + std::to_string(i) + ": { provider: local }\n";
  CHECK(only(targets, {.target = "t1"}) == "mdl.yaml:205:3: a manifest has at most 200 targets");
  const auto large = only(std::string(300'000, '['));
  CHECK(large == "mdl.yaml:1:1: a manifest has at most 256 KiB");
  CHECK(only_after("env: { A: " + std::string(200'000, '[') + "\n").starts_with("mdl.yaml:4:"));
  // A line that no person wrote is not repeated.
  const auto wide = problems_of(small + "env: { A: \"" + std::string(100'000, 'x') + "\", 1: y }\n");
  REQUIRE(wide.size() == 1);
  CHECK(wide[0].size() < 300);
  const auto name = problems_of(small + std::string(500, 'z') + ": 1\n");
  REQUIRE(name.size() == 1);
  CHECK(name[0].size() < 500);
}

TEST_CASE("manifest problems: the excerpt shows long lines around the place, and wide characters by width") {
  Problem problem{.message = "m", .where = Source{.file = "f", .line = 12, .column = 210, .length = 3}};
  problem.where->text = std::string(209, 'a') + "bcd" + std::string(200, 'e');
  CHECK(format(problem) == "f:12:210: m\n  12 | ..." + std::string(50, 'a') + "bcd" + std::string(47, 'e') +
                               "...\n" + "     |    " + std::string(50, ' ') + "^^^");
  problem.where = Source{.file = "f", .line = 1, .column = 4, .length = 3, .text = "ä: öx"};
  CHECK(format(problem) == "f:1:4: m\n  1 | ä: öx\n    |   ^^");
  problem.where = Source{.file = "f", .line = 1, .column = 2, .length = 1, .text = "\tx\x1b[1m"};
  CHECK(format(problem) == "f:1:2: m\n  1 | \tx\\x1b[1m\n    | \t^");
  problem.where = Source{.file = "--set"};
  CHECK(format(problem) == "--set: m");
  problem.where.reset();
  CHECK(format(problem) == "m");
}

TEST_CASE("manifest problems: no manifest, a folder without one, and the path as the user gave it") {
  const Folder folder;
  auto none = load(folder.path("no.yaml"), {});
  REQUIRE_FALSE(none);
  CHECK(none.error()[0].message.find("there is no manifest") != std::string::npos);
  CHECK_FALSE(none.error()[0].where);
  const auto before = std::filesystem::current_path();
  folder.write("sub/mdl.yaml", "mdl: 3\n");
  std::filesystem::current_path(folder.path());
  const auto shown = [](const std::string& path) { return load(path, {}).error()[0].where->file; };
  CHECK(shown("sub") == "sub/mdl.yaml");
  CHECK(shown("sub/mdl.yaml") == "sub/mdl.yaml");
  CHECK(shown("./sub/../sub/") == "./sub/../sub/mdl.yaml");
  std::filesystem::current_path(folder.path("sub"));
  CHECK(shown(".") == "mdl.yaml");
  CHECK(shown("") == "mdl.yaml");
  CHECK(shown("mdl.yaml") == "mdl.yaml");
  std::filesystem::current_path(before);
}

TEST_CASE("manifest problems: Windows line ends are no part of an excerpt") {
  CHECK(problems_of("mdl: 1\r\nname: a\r\nscael: {}\r\nhttp: { entry: \"a:a\" }\r\n") ==
        std::vector<std::string>{
            "mdl.yaml:3:1: unknown field 'scael'; did you mean 'scale'?\n  3 | scael: {}\n    | ^^^^^"});
}
