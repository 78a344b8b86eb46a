#include <algorithm>
#include <doctest/doctest.h>

#include "core/manifest/fields.hpp"
#include "providers/local/checks.hpp"
#include "tests/unit/local/scripted.hpp"

using namespace mdl;
using test::LocalHome;

namespace {

// A field of the table as it is called when it is set: "model.*.from" → "model.0.from".
std::string concrete(std::string_view path) {
  std::string text(path);
  for (auto at = text.find('*'); at != std::string::npos; at = text.find('*')) text.replace(at, 1, "0");
  return text;
}

bool mentions(const std::vector<manifest::Problem>& problems, const std::string& text) {
  for (const auto& problem : problems)
    if (problem.message.find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("local limits: every field of the manifest is honoured or refused with what to do") {
  LocalHome home;
  const auto provider = local::make_provider(home.options());
  const manifest::Service service;
  for (const auto& field : manifest::fields()) {
    const auto path = concrete(field.path);
    CAPTURE(path);
    const auto why = provider.limits->refuses(path, service);
    const bool others =
        !field.providers.empty() && std::ranges::find(field.providers, "local") == field.providers.end();
    CHECK(why.value_or("").find("does not know") == std::string::npos);
    if (others) CHECK(why.has_value());
    if (field.type == manifest::FieldType::texts || field.type == manifest::FieldType::shares)
      CHECK(provider.limits->refuses(path + ".0", service) == why);
  }
  CHECK(provider.limits->refuses("build.surprise", service).has_value());
}

TEST_CASE("local limits: what this machine cannot do is refused by field") {
  LocalHome home;
  const auto provider = local::make_provider(home.options());
  manifest::Service service;
  service.secrets = {{"A", {"env", "X"}}, {"B", {"aws-secrets", "prod/db"}}};
  const auto& limits = *provider.limits;
  CHECK(limits.refuses("build.base", service));
  CHECK(limits.refuses("build.image", service));
  CHECK(!limits.refuses("model.3.from", service));  // fetched
  CHECK_FALSE(limits.refuses("model.3.path", service));
  CHECK_FALSE(limits.refuses("secrets.A.from", service));
  CHECK(limits.refuses("secrets.B.from", service)->find("aws-secrets") != std::string::npos);
  CHECK_FALSE(limits.refuses("env.a.b.c", service));
  service.resources.gpu = 1;
  CHECK_FALSE(limits.refuses("resources.gpu", service));  // that is up to the machine: gpu_problems
}

TEST_CASE("local limits: what is missing on this machine is told all at once, before a build") {
  LocalHome home;
  manifest::Service service;
  service.name = "svc";
  service.folder = home.home.root;
  service.http.entry = "src.app:app";
  service.build.python = "9.87";
  service.build.requirements = "requirements.txt";
  service.secrets = {{"A", {"env", "MDL_TEST_NOT_SET"}}, {"B", {"file", "no/such/file"}}};
  service.resources.memory_bytes = 1LL << 60;
  service.scale.max = 2;
  const auto problems = local::examine_service(home.home, service);
  CHECK(mentions(problems, "no Python 9.87"));
  CHECK(mentions(problems, "src/app.py"));
  CHECK(mentions(problems, "MDL_TEST_NOT_SET is not set"));
  CHECK(mentions(problems, "no/such/file cannot be read"));
  CHECK(mentions(problems, "of this machine"));
}

TEST_CASE(
    "local limits: a command's program must be there, unless a build makes it or an environment brings it") {
  LocalHome home;
  manifest::Service service;
  service.folder = home.home.root;
  service.http.command = {"no-such-program-xyz"};
  CHECK(mentions(local::examine_service(home.home, service), "no program no-such-program-xyz"));
  service.http.command = {"sh", "-c", "true"};
  CHECK_FALSE(mentions(local::examine_service(home.home, service), "no program"));
  service.http.command = {"./server"};
  CHECK(mentions(local::examine_service(home.home, service), "no file ./server"));
  service.build.command = {"make"};
  CHECK_FALSE(mentions(local::examine_service(home.home, service), "no file"));
}

TEST_CASE("local limits: variables that mdl sets cannot be the service's own") {
  LocalHome home;
  manifest::Service service;
  service.folder = home.home.root;
  service.http.command = {"sh"};
  service.env = {{"PORT", "80"}, {"PORTAL", "x"}, {"MDL_RELEASE", "1"}};
  const auto problems = local::examine_service(home.home, service);
  CHECK(mentions(problems, "env.PORT: mdl itself"));
  CHECK(mentions(problems, "env.MDL_RELEASE: mdl itself"));
  CHECK_FALSE(mentions(problems, "PORTAL"));
}

TEST_CASE("local limits: an entry is a module file or a package") {
  LocalHome home;
  manifest::Service service;
  service.folder = home.home.root;
  service.http.entry = "src.app:app";
  CHECK(local::module_file(service) == "src/app.py");
  REQUIRE(write_file(home.home.root + "/src/app/__init__.py", ""));
  CHECK(local::module_file(service) == "src/app/__init__.py");
  service.http = {};
  service.http.handler = "pkg/lambda_function.handler";
  CHECK(local::module_file(service) == "pkg/lambda_function.py");
}
