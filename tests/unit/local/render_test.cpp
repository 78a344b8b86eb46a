#include <algorithm>
#include <doctest/doctest.h>

#include "providers/local/resources.hpp"

using namespace mdl;
using local::differences;
using local::render;

namespace {

manifest::Service service() {
  manifest::Service s;
  s.name = "svc";
  s.http.entry = "src.app:app";
  s.env = {{"LOG_LEVEL", "info"}};
  s.secrets = {{"DB", {"env", "DB_PASSWORD"}}};
  s.needs = {"features"};
  s.target = {"local", "local", Value::object()};
  s.sources["scale.max"] = {.file = "mdl.yaml", .line = 9};
  s.sources["env.LOG_LEVEL"] = {.file = "mdl.yaml", .line = 12};
  return s;
}

plan::Observed as_observed(const plan::Desired& desired) {
  return {.id = desired.id, .release = desired.release, .spec = desired.spec, .revision = "1"};
}

}  // namespace

TEST_CASE("local render: gateway, scaling and the release's replicas, each after what it needs") {
  const auto all = render(service(), {.number = 8, .artifact = "aa", .secret_versions = {{"DB", "v1"}}});
  REQUIRE(all.size() == 3);
  CHECK(plan::to_string(all[0].id) == "gateway svc");
  CHECK(plan::to_string(all[1].id) == "scaling svc");
  CHECK(plan::to_string(all[2].id) == "replicas svc/8");
  CHECK(all[1].needs == std::vector<plan::ResourceId>{{"gateway", "svc"}});
  CHECK(all[2].needs.size() == 2);
  CHECK(all[2].release == 8);
  CHECK(all[0].serves);
  CHECK(all[1].serves);
  CHECK_FALSE(all[2].serves);
}

TEST_CASE("local render: a replicas spec holds versions of secrets, never where they come from") {
  const auto all = render(service(), {.number = 8, .artifact = "aa", .secret_versions = {{"DB", "v1"}}});
  const auto& spec = all[2].spec;
  CHECK(spec["secrets"]["DB"].as_string() == "v1");
  CHECK(dump(spec).find("DB_PASSWORD") == std::string::npos);
  CHECK(spec["entry"].as_string() == "src.app:app");
  CHECK(spec["interface"].as_string() == "auto");
  CHECK_FALSE(spec.contains("handler"));
  CHECK(spec["needs"].as_strings() == std::vector<std::string>{"features"});
}

TEST_CASE("local diff: nothing differs from what was made of the same service") {
  for (const auto& desired :
       render(service(), {.number = 8, .artifact = "aa", .secret_versions = {{"DB", "v1"}}}))
    CHECK(differences(desired, as_observed(desired)).empty());
}

TEST_CASE("local diff: port 0 takes the port that was chosen, a port that is named must be it") {
  auto s = service();
  auto gateway = render(s, {})[0];
  auto observed = as_observed(gateway);
  observed.spec.set("port", 8400);
  CHECK(differences(gateway, observed).empty());
  s.target.settings.set("port", 9000);
  gateway = render(s, {})[0];
  const auto fields = differences(gateway, observed);
  REQUIRE(fields.size() == 1);
  CHECK(fields[0].field == "port");
  CHECK(fields[0].from == Value(8400));
  CHECK(fields[0].to == Value(9000));
}

TEST_CASE("local diff: scaling compares what was declared, not what `mdl scale` set") {
  auto s = service();
  auto observed = as_observed(render(s, {})[1]);
  observed.spec.set("effective", Value::object({{"max", 99}}));
  CHECK(differences(render(s, {})[1], observed).empty());
  s.scale.max = 7;
  const auto fields = differences(render(s, {})[1], observed);
  REQUIRE(fields.size() == 1);
  CHECK(fields[0].field == "scale.max");
  REQUIRE(fields[0].where);
  CHECK(fields[0].where->line == 9);
}

TEST_CASE("local diff: fields are called as in the manifest, and a variable that is gone is a difference") {
  auto s = service();
  const provider::ReleaseInfo release{.number = 8, .artifact = "aa", .secret_versions = {{"DB", "v1"}}};
  const auto observed = as_observed(render(s, release)[2]);
  s.resources.memory_bytes = 2LL << 30;
  s.env.clear();
  const auto fields = differences(render(s, release)[2], observed);
  REQUIRE(fields.size() == 2);
  std::vector<std::string> names{fields[0].field, fields[1].field};
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"env.LOG_LEVEL", "resources.memory"});
}

TEST_CASE(
    "local render: a container gets its variables by name, never their values, and its port on 127.0.0.1 "
    "only") {
  auto s = service();
  s.http = {};
  s.http.command = {"./serve", "--fast"};
  s.build.dockerfile = "Dockerfile";
  s.needs.clear();
  s.env = {{"LOG_LEVEL", "very-secret-level"}};
  auto command = render(s, {.number = 8, .artifact = "0123456789abcdef0123456789abcdef0123"})[2]
                     .spec["command"]
                     .as_strings();
  REQUIRE(command.size() > 6);
  CHECK(command[2].find("-p \"127.0.0.1:$PORT:$PORT\"") != std::string::npos);
  CHECK(std::ranges::find(command, "LOG_LEVEL") != command.end());
  CHECK(std::ranges::find(command, "DB") != command.end());
  for (const auto& argument : command) CHECK(argument.find("very-secret-level") == std::string::npos);
  CHECK(std::vector<std::string>(command.end() - 3, command.end()) ==
        std::vector<std::string>{"mdl/svc:0123456789abcdef0123456789abcdef", "./serve", "--fast"});
  s.needs = {"features"};
  command = render(s, {.number = 8, .artifact = "aa"})[2].spec["command"].as_strings();
  CHECK(command[2].find("--network host") != std::string::npos);
}
