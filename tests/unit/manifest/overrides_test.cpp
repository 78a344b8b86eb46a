#include <algorithm>

#include "tests/unit/manifest/project.hpp"

using namespace mdl;
using namespace mdl::manifest;
using namespace mdl::manifest::testing;
using namespace std::chrono_literals;

namespace {

std::string only(const std::string& text, const LoadOptions& options) {
  const auto problems = problems_of(text, options);
  if (problems.size() != 1) return std::to_string(problems.size()) + " problems";
  return problems[0].substr(0, problems[0].find('\n'));
}
LoadOptions sets(std::vector<std::string> list) { return {.sets = std::move(list)}; }
LoadOptions with(std::map<std::string, std::string> environment) {
  return {.environment = std::move(environment)};
}

}  // namespace

TEST_CASE("manifest overrides: ${VAR} is replaced in values, with a default and an escape") {
  const auto text =
      small +
      "env: { A: \"x${A}y${B:-d}\", C: \"$${A}\", D: $A, E: \"${EMPTY:-full}${EMPTY}\", F: \"${N:-}\" }\n"
      "scale: { max: \"${MAX}\" }\n"
      "needs: []\n";
  const auto service = service_of(text, with({{"A", "1: ${B}"}, {"EMPTY", ""}, {"MAX", "7"}}));
  CHECK(service.env == std::map<std::string, std::string>{
                           {"A", "x1: ${B}yd"}, {"C", "${A}"}, {"D", "$A"}, {"E", "full"}, {"F", ""}});
  CHECK(service.scale.max == 7);
}

TEST_CASE(
    "manifest overrides: an unset variable, a bad name and an open brace are problems, named and located") {
  CHECK(only(small + "env: { A: \"${NOPE}\" }\n", {}) ==
        "mdl.yaml:4:11: env.A: the variable NOPE is not set; set it, or give a default: ${NOPE:-...}");
  CHECK(only(small + "env: { A: \"${NOPE\" }\n", {}) ==
        "mdl.yaml:4:11: env.A: '${' has no '}'; write $${ for the text itself");
  CHECK(only(small + "env: { A: \"${a-b}\" }\n", {}) ==
        "mdl.yaml:4:11: env.A: 'a-b' is no name of a variable; write $${ for the text itself");
}

TEST_CASE("manifest overrides: an unset variable matters only in the target in use") {
  const auto text = small + "targets: { local: {}, aws: { role: \"${ROLE}\" } }\n";
  CHECK(problems_of(text, {.target = "local"}).empty());
  CHECK(only(text, {.target = "aws"}).find("the variable ROLE is not set") != std::string::npos);
}

TEST_CASE("manifest overrides: what came from the environment is never shown") {
  const auto values =
      with({{"X", "hunter2"}, {"N", "4711"}, {"BAD", "\xff"}, {"MDL_FIELD_SCALE_MIN", "hunter2"}});
  const auto problems = problems_of(
      "mdl: 1\nname: risk\n"
      "scale: { max: \"${X}\" }\n"
      "http: { entry: \"a:a\", timeout: \"${N}\" }\n"
      "rollout: { strategy: \"${X}\" }\n"
      "env: { A: \"${BAD}\" }\n",
      values);
  CHECK(problems.size() == 5);
  for (const auto& problem : problems) {
    CAPTURE(problem);
    CHECK(problem.find("hunter2") == std::string::npos);
    CHECK(problem.find("4711") == std::string::npos);
  }
  CHECK(std::ranges::any_of(problems, [](const auto& problem) {
    return problem.find("scale.max: expected a whole number, not the value of '${X}'") != std::string::npos;
  }));
}

TEST_CASE("manifest overrides: --set takes scalars, lists, and texts as they are") {
  const auto service = service_of(
      small + "targets: { local: {} }\n",
      sets({"scale.max=9", "scale.max=5", "env.A=x: ${Y} # z", "env.B=", "env.C=\"a\\tb\"",
            "hooks.pre-deploy=[make, \"a b\"]", "targets.local.port=8400", "targets.local.http.timeout=7s",
            "secrets.S.from=env:T", "rollout.strategy=canary", "rollout.steps=[10%]"}));
  CHECK(service.scale.max == 5);
  CHECK(service.env == std::map<std::string, std::string>{{"A", "x: ${Y} # z"}, {"B", ""}, {"C", "a\tb"}});
  CHECK(service.hooks.pre_deploy == std::vector<std::string>{"make", "a b"});
  CHECK(service.target.settings["port"].as_integer() == 8400);
  CHECK(service.http.timeout == 7s);
  CHECK(service.secrets.at("S").locator == "T");
  CHECK(service.rollout.steps == std::vector<double>{0.1});
  CHECK(service.sources.at("scale.max").file == "--set");
}

TEST_CASE("manifest overrides: a wrong --set is a problem without a line") {
  CHECK(only(small, sets({"scael.max=5"})) == "--set: unknown field 'scael'; did you mean 'scale'?");
  CHECK(only(small, sets({"scale.max"})) ==
        "--set: expected field=value, such as scale.max=5, not 'scale.max'");
  CHECK(only(small, sets({"scale..max=1"})).find("expected field=value") != std::string::npos);
  CHECK(only(small, sets({"scale.max=[1"})) == "--set: scale.max: this value is no YAML scalar or list");
  CHECK(only(small, sets({"scale.max=x"})) == "--set: scale.max: expected a whole number, not this value");
  CHECK(only(small, sets({"services=[a]"})) == "--set: 'services' has no place in this file");
  CHECK(only(small, sets({"targets.prod.region=x"})) == "--set: 'prod' is not the target in use");
  CHECK(only(small, sets({"targets.local.region=x"})) ==
        "--set: 'region' is a setting of aws and gcp and azure; target 'local' is local");
}

TEST_CASE("manifest overrides: MDL_FIELD_<PATH> sets fields, variables, secrets and the target's settings") {
  const auto service = service_of(small + "targets: { local: {}, aws: {} }\n",
                                  with({{"MDL_FIELD_SCALE_MAX", "6"},
                                        {"MDL_FIELD_ROLLOUT_START_TIMEOUT", "9s"},
                                        {"MDL_FIELD_HOOKS_PRE_DEPLOY", "[a, b]"},
                                        {"MDL_FIELD_ENV_Log_Level", "debug"},
                                        {"MDL_FIELD_SECRETS_DB_PASSWORD_FROM", "env:X"},
                                        {"MDL_FIELD_TARGETS_LOCAL_PORT", "8401"},
                                        {"MDL_FIELD_TARGETS_AWS_REGION", "left alone"},
                                        {"MDL_FIELDS", "nothing"}}));
  CHECK(service.scale.max == 6);
  CHECK(service.rollout.start_timeout == 9s);
  CHECK(service.hooks.pre_deploy == std::vector<std::string>{"a", "b"});
  CHECK(service.env.at("Log_Level") == "debug");
  CHECK(service.secrets.at("DB_PASSWORD").locator == "X");
  CHECK(service.target.settings["port"].as_integer() == 8401);
  CHECK(service.sources.at("scale.max").file == "$MDL_FIELD_SCALE_MAX");
  CHECK(only(small, with({{"MDL_FIELD_SCAEL_MAX", "1"}})) ==
        "$MDL_FIELD_SCAEL_MAX: no field has this name; did you mean 'MDL_FIELD_SCALE_MAX'?");
  CHECK(only(small, with({{"MDL_FIELD_SCALE_MAX", "0"}})) ==
        "$MDL_FIELD_SCALE_MAX: scale.max: this value is less than 1");
}

TEST_CASE(
    "manifest overrides: the order is flag, environment, target, manifest, user configuration, default") {
  const Folder folder;
  folder.write("user.yaml",
               "scale: { concurrency: 11, max: 11, min: 0, idle: 11s }\nenv: { U: user, M: user }\n");
  folder.write("mdl.yaml", small +
                               "scale: { max: 22, min: 2, idle: 22s }\nenv: { M: manifest }\n"
                               "targets: { local: { scale: { min: 3, idle: 33s } } }\n");
  const auto project =
      load(folder.path(), {.sets = {"scale.idle=55s"},
                           .environment = {{"MDL_FIELD_SCALE_MIN", "4"}, {"MDL_FIELD_SCALE_IDLE", "44s"}},
                           .user_config = folder.path("user.yaml")});
  REQUIRE(project);
  const auto& service = project->services[0];
  CHECK(service.scale.concurrency == 11);
  CHECK(service.scale.max == 22);
  CHECK(service.scale.min == 4);
  CHECK(service.scale.idle == 55s);
  CHECK(service.env == std::map<std::string, std::string>{{"M", "manifest"}, {"U", "user"}});
  CHECK(service.rollout.keep == 5);
}

TEST_CASE(
    "manifest overrides: a stronger place replaces what excludes its value, and a variable by a secret") {
  const auto text = small +
                    "env: { DB: plain }\nbuild: { python: \"3.11\" }\n"
                    "targets: { local: { http: { command: [./serve] }, build: { image: x }, secrets: { DB: { "
                    "from: \"env:DB\" } } } }\n";
  const auto service = service_of(text);
  CHECK(service.http.entry.empty());
  CHECK(service.http.command == std::vector<std::string>{"./serve"});
  CHECK(service.build.python.empty());
  CHECK(service.build.image == "x");
  CHECK(service.env.empty());
  CHECK(service.secrets.at("DB").locator == "DB");
  CHECK_FALSE(service.sources.contains("env.DB"));
}

TEST_CASE("manifest overrides: the user's configuration may be absent, empty or wrong") {
  const Folder folder;
  folder.write("mdl.yaml", small);
  CHECK(load(folder.path(), {.user_config = folder.path("none.yaml")}).has_value());
  folder.write("user.yaml", "");
  CHECK(load(folder.path(), {.user_config = folder.path("user.yaml")}).has_value());
  folder.write("user.yaml", "name: x\nscael: {}\n");
  const auto wrong = load(folder.path(), {.user_config = folder.path("user.yaml")});
  REQUIRE_FALSE(wrong);
  const auto problems = texts(wrong.error(), folder);
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].starts_with("user.yaml:1:1: 'name' has no place in this file"));
  CHECK(problems[1].starts_with("user.yaml:2:1: unknown field 'scael'; did you mean 'scale'?"));
}

TEST_CASE("manifest overrides: settings of a target keep their types, sections and names with dots") {
  const auto service =
      service_of(small +
                 "targets: { aws: { vpc: { subnets: [a, b], security-groups: [c] }, log-retention: 7, "
                 "ephemeral-storage: 1Gi, tags: { team.name: risk, x: \"1\" } } }\n");
  CHECK(service.target.settings ==
        Value::object({{"vpc", Value::object({{"subnets", Value::array({"a", "b"})},
                                              {"security-groups", Value::array({"c"})}})},
                       {"log-retention", 7},
                       {"ephemeral-storage", 1 << 30},
                       {"tags", Value::object({{"team.name", "risk"}, {"x", "1"}})}}));
  CHECK(service.sources.at("targets.aws.vpc.subnets.1").line == 4);
}
