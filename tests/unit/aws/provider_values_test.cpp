#include <algorithm>
#include <doctest/doctest.h>

#include "core/manifest/fields.hpp"
#include "providers/aws/event.hpp"
#include "providers/aws/limits.hpp"
#include "providers/aws/log_events.hpp"
#include "providers/aws/names.hpp"
#include "providers/aws/records.hpp"
#include "providers/aws/render.hpp"
#include "providers/aws/runtimes.hpp"
#include "providers/aws/served.hpp"
#include "tests/fakes/folder.hpp"

using namespace mdl;

namespace {

const Time noon = *parse_rfc3339("2026-11-24T12:00:00Z");

manifest::Service hello(const std::string& folder = "/nowhere") {
  manifest::Service service;
  service.name = "hello";
  service.folder = folder;
  service.http.handler = "lambda_function.lambda_handler";
  service.env = {{"LEVEL", "info"}};
  service.target = {.name = "eu", .provider = "aws", .settings = Value::object({{"region", "eu-central-1"}})};
  return service;
}

const plan::Desired& of_kind(const std::vector<plan::Desired>& all, const std::string& kind) {
  const auto found = std::ranges::find_if(all, [&](const auto& one) { return one.id.kind == kind; });
  REQUIRE(found != all.end());
  return *found;
}

bool mentions(const std::vector<manifest::Problem>& problems, const std::string& text) {
  return std::ranges::any_of(problems,
                             [&](const auto& one) { return one.message.find(text) != std::string::npos; });
}

std::string concrete(std::string_view path) {
  std::string text(path);
  for (auto at = text.find('*'); at != std::string::npos; at = text.find('*')) text.replace(at, 1, "0");
  return text;
}

}  // namespace

TEST_CASE("aws names: bounded by the platform, and never the same for two services") {
  const auto names = aws::names_of({"hello", "eu"}, "eu-central-1");
  CHECK(names.function == "hello-eu");
  CHECK(names.role == "mdl-hello-eu-eu-central-1");
  CHECK(names.log_group == "/aws/lambda/hello-eu");
  CHECK(names.records == "/mdl/hello/eu");
  const std::string longest(60, 'a');
  const auto one = aws::names_of({longest, "production-1"}, "r"),
             two = aws::names_of({longest, "production-2"}, "r");
  CHECK(one.function.size() == 64);
  CHECK(one.role.size() == 64);
  CHECK(one.function != two.function);
}

TEST_CASE("aws names: a version's description tells its release, and other texts tell none") {
  const auto text = aws::describe({.release = 12, .artifact = std::string(64, 'f')});
  CHECK(text.size() <= 256);
  CHECK(aws::described_in(text)->release == 12);
  CHECK(aws::described_in(text)->artifact == std::string(64, 'f'));
  const aws::Described served{.release = 2, .artifact = "f", .golden = true, .health = "/a=b", .start_s = 7};
  CHECK(aws::described_in(aws::describe(served))->health == "/a=b");
  CHECK(aws::described_in(aws::describe(served))->golden);
  CHECK(aws::described_in(aws::describe(served))->start_s == 7);
  CHECK(aws::described_in(text)->health.empty());
  for (const auto* other :
       {"", "mine", "mdl release=x artifact=a", "mdl release=0 artifact=a", "mdl release=3"})
    CHECK_FALSE(aws::described_in(other));
}

TEST_CASE(
    "aws render: one resource is the release's own, the URL follows the pointer, a given role is not made") {
  const auto names = aws::names_of({"hello", "eu"}, "eu-central-1");
  auto service = hello();
  auto all = aws::render(service, {.number = 3, .artifact = "abc"}, names);
  CHECK(std::ranges::count_if(all, [](const auto& one) { return one.release != 0; }) == 1);
  const auto& version = of_kind(all, "version");
  CHECK(version.id.name == "hello-eu/3");
  CHECK(version.spec["memory_mb"].as_integer() == 1024);
  CHECK(version.spec["timeout_s"].as_integer() == 30);
  CHECK(version.spec["runtime"].as_string() == "python3.13");
  CHECK(of_kind(all, "url").follows);
  CHECK(of_kind(all, "permission").follows);
  CHECK_FALSE(version.follows);
  CHECK(std::ranges::none_of(all, [](const auto& one) { return one.id.kind == "concurrency"; }));
  CHECK(std::ranges::none_of(all, [](const auto& one) { return one.id.kind == "provisioned"; }));
  service.target.settings.set("role", "arn:aws:iam::1:role/mine");
  service.target.settings.set("url-auth", "iam");
  service.scale.max = 7;
  service.scale.min = 2;
  service.sources["scale.min"] = {.file = "mdl.yaml", .line = 5};
  service.sources["scale.max"] = {.file = "mdl.yaml", .line = 4};
  all = aws::render(service, {.number = 3, .artifact = "abc"}, names);
  CHECK(std::ranges::none_of(
      all, [](const auto& one) { return one.id.kind == "role" || one.id.kind == "permission"; }));
  CHECK(of_kind(all, "concurrency").spec["max"].as_integer() == 7);
  CHECK(of_kind(all, "provisioned").spec["min"].as_integer() == 2);
  CHECK(of_kind(all, "provisioned").follows);
  CHECK(of_kind(all, "url").spec["auth"].as_string() == "AWS_IAM");
  CHECK(of_kind(all, "version").spec["role"].as_string() == "arn:aws:iam::1:role/mine");
}

TEST_CASE("aws render: what AWS adds is no difference, what the manifest changes is one in its words") {
  const auto names = aws::names_of({"hello", "eu"}, "eu-central-1");
  const auto wanted = of_kind(aws::render(hello(), {.number = 3, .artifact = "abc"}, names), "version");
  plan::Observed observed{.id = wanted.id, .release = 3, .spec = wanted.spec};
  observed.spec.set("role", "arn:aws:iam::123456789012:role/mdl-hello-eu-eu-central-1");
  observed.spec.set("layers", 1);
  CHECK(aws::differences(wanted, observed).empty());
  CHECK(aws::same_configuration(wanted.spec, observed.spec));
  observed.spec.set("memory_mb", 512);
  observed.spec.set("env", Value::object({{"LEVEL", "info"}, {"OTHER", "x"}}));
  auto fields = aws::differences(wanted, observed);
  REQUIRE(fields.size() == 2);
  std::ranges::sort(fields, {}, &plan::FieldDiff::field);
  CHECK(fields[0].field == "env.OTHER");
  CHECK(fields[1].field == "resources.memory");
  CHECK_FALSE(aws::same_configuration(wanted.spec, observed.spec));
  const auto function = of_kind(aws::render(hello(), {.number = 9, .artifact = "z"}, names), "function");
  plan::Observed shared{.id = function.id, .spec = Value::object({{"tags", function.spec["tags"]}})};
  CHECK(aws::differences(function, shared).empty());
}

TEST_CASE("aws served: a service goes behind the runtime client, with Python where it needs it") {
  const auto names = aws::names_of({"risk", "eu"}, "eu-central-1");
  auto service = hello();
  service.http.handler.clear();
  service.http.command = {"./server", "--fast"};
  service.http.health = "/ready";
  auto version = of_kind(aws::render(service, {.number = 3, .artifact = "abc"}, names), "version");
  CHECK(version.spec["runtime"].as_string() == "provided.al2023");
  CHECK(version.spec["handler"].as_string() == "bootstrap");
  CHECK(version.spec["health"].as_string() == "/ready");
  CHECK_FALSE(version.spec["env"].contains("AWS_LAMBDA_EXEC_WRAPPER"));
  auto settings = aws::client_settings(service);
  CHECK(settings["command"].as_strings() == service.http.command);
  CHECK(settings["health"].as_string() == "/ready");
  CHECK_FALSE(settings.contains("python_path"));
  CHECK_FALSE(aws::refusal("http.health", service));
  CHECK_FALSE(aws::refusal("rollout.start-timeout", service));

  service.http.command = {"/usr/bin/python3", "app.py"};
  CHECK(aws::runtime_of(service) == "python3.13");
  service.http.command.clear();
  service.http.entry = "src.app:app";
  service.build.python = "3.12";
  version = of_kind(aws::render(service, {.number = 3, .artifact = "abc"}, names), "version");
  CHECK(version.spec["runtime"].as_string() == "python3.12");
  CHECK(version.spec["env"]["AWS_LAMBDA_EXEC_WRAPPER"].as_string() == "/var/task/bootstrap");
  settings = aws::client_settings(service);
  CHECK(settings["command"].as_strings() ==
        std::vector<std::string>{"python3", "../front/mdl_front.py", "entry", "src.app:app", "auto"});
  CHECK(settings["python_path"].as_strings() == std::vector<std::string>{"packages"});
  CHECK(aws::layout_of(service).service == "app");
  CHECK(aws::layout_of(hello()).service.empty());
}

TEST_CASE(
    "aws secrets: a release may read exactly what it pins, and its configuration holds references only") {
  const auto names = aws::names_of({"hello", "eu"}, "eu-central-1");
  const std::string secret = "arn:aws:secretsmanager:eu-central-1:1:secret:prod/db-a1B2c3",
                    parameter = "arn:aws:ssm:eu-central-1:1:parameter/token";
  auto service = hello();
  service.secrets = {{"DB", {"aws-secrets", "prod/db"}}, {"TOKEN", {"aws-ssm", "/token"}}};
  const provider::ReleaseInfo release{
      .number = 3,
      .artifact = "abc",
      .secret_versions = {{"DB", secret + "#v1"}, {"TOKEN", parameter + "#/token:2"}}};
  auto all = aws::render(service, release, names);
  const auto& policy = of_kind(all, "secret-policy");
  CHECK(policy.release == 3);
  CHECK(policy.id.name == "mdl-hello-eu-eu-central-1/mdl-3");
  const auto& statements = policy.spec["policy"]["Statement"].as_array();
  REQUIRE(statements.size() == 2);
  CHECK(statements[0]["Resource"].as_strings() == std::vector<std::string>{secret});
  CHECK(statements[1]["Resource"].as_strings() == std::vector<std::string>{parameter, parameter + ":2"});
  const auto& version = of_kind(all, "version");
  CHECK(std::ranges::find(version.needs, policy.id) != version.needs.end());
  CHECK(version.spec["handler"].as_string() == "mdl_secrets.handler");
  CHECK(version.spec["env"]["MDL_HANDLER"].as_string() == "lambda_function.lambda_handler");
  CHECK(parse_json(version.spec["env"]["MDL_SECRETS"].as_string())->contains("TOKEN"));
  CHECK(aws::served_files(service)->at(0).path == "mdl_secrets.py");
  CHECK(aws::release_of_policy("mdl-3") == 3);
  CHECK_FALSE(aws::release_of_policy("mdl"));
  CHECK_FALSE(aws::release_of_policy("mdl-x"));
  CHECK_FALSE(aws::pinned_from("arn:aws:ssm:x"));
  CHECK_FALSE(aws::pinned_from(parameter + "#2"));

  service.target.settings.set("role", "arn:aws:iam::1:role/mine");
  all = aws::render(service, release, names);
  CHECK(std::ranges::none_of(all, [](const auto& one) { return one.id.kind == "secret-policy"; }));
  CHECK_FALSE(aws::refusal("secrets.DB.from", service));
  service.secrets["DB"].scheme = "env";
  CHECK(aws::refusal("secrets.DB.from", service));
  service.secrets["DB"].scheme = "gcp-secret";
  CHECK(aws::refusal("secrets.DB.from", service));
}

TEST_CASE("aws served: the client of the function's processor is in the artifact, a handler has none") {
  auto service = hello();
  CHECK(aws::served_files(service)->empty());
  service.http.handler.clear();
  service.http.command = {"./server"};
  for (const auto* architecture : {"x86_64", "arm64"}) {
    service.target.settings.set("architecture", architecture);
    if (!aws::has_client(aws::platform_of(service))) continue;
    const auto files = aws::served_files(service);
    REQUIRE(files);
    CHECK(files->at(0).path == "bootstrap");
    CHECK(files->at(0).executable);
    CHECK(files->at(0).content.substr(0, 4) ==
          "\x7f"
          "ELF");
    CHECK(files->at(0).content[18] == (std::string(architecture) == "arm64" ? '\xb7' : '\x3e'));
    CHECK(files->at(1).path == "runtime.json");
  }
}

TEST_CASE("aws limits: every field of the manifest is honoured or refused with what to do") {
  const manifest::Service service;
  for (const auto& field : manifest::fields()) {
    const auto path = concrete(field.path);
    CAPTURE(path);
    const auto why = aws::refusal(path, service);
    const bool others =
        !field.providers.empty() && std::ranges::find(field.providers, "aws") == field.providers.end();
    CHECK(why.value_or("").find("does not know") == std::string::npos);
    if (others && !aws::refusal(path, service)) CHECK(manifest::find_field(field.path, "aws") != nullptr);
    if (field.type == manifest::FieldType::texts || field.type == manifest::FieldType::shares)
      CHECK(aws::refusal(path + ".0", service) == why);
  }
  CHECK(aws::refusal("build.surprise", service));
  CHECK_FALSE(aws::refusal("http.entry", service));
  CHECK(aws::refusal("http.health", service));
  CHECK_FALSE(aws::refusal("targets.eu.tags.cost.center", service));
  CHECK_FALSE(aws::refusal("env.a.b", service));
}

TEST_CASE("aws limits: figures that Lambda has no room for are refused with what to set") {
  auto service = hello();
  service.resources.cpu = 2;
  CHECK(aws::refusal("resources.cpu", service)->find("3538Mi") != std::string::npos);
  service.resources.memory_bytes = 4LL << 30;
  CHECK_FALSE(aws::refusal("resources.cpu", service));
  service.scale.concurrency = 8;
  CHECK(aws::refusal("scale.concurrency", service));
  service.scale.concurrency = 1;
  CHECK_FALSE(aws::refusal("scale.concurrency", service));
  service.scale.min = 1;
  CHECK_FALSE(aws::refusal("scale.min", service));
  service.rollout.strategy = manifest::Strategy::canary;
  CHECK(aws::refusal("scale.min", service));
  service.scale.min = 0;
  CHECK_FALSE(aws::refusal("scale.min", service));
}

TEST_CASE("aws checks: a deprecated runtime warns with date and source, a blocked one is refused") {
  fakes::TempFolder folder;
  folder.write("lambda_function.py", "");
  auto service = hello(folder.path());
  CHECK(aws::examine_service(service, noon).empty());
  service.target.settings.set("runtime", "python3.8");
  auto problems = aws::examine_service(service, noon);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].severity == manifest::Severity::likely);
  CHECK(problems[0].message.find("2024-10-14") != std::string::npos);
  CHECK(problems[0].message.find("2027-07-29") != std::string::npos);
  problems = aws::examine_service(service, *parse_rfc3339("2027-07-29T00:00:00Z"));
  CHECK(problems.at(0).severity == manifest::Severity::certain);
  service.target.settings.set("runtime", "python9.9");
  CHECK(aws::examine_service(service, noon).at(0).severity == manifest::Severity::likely);
}

TEST_CASE("aws checks: what Lambda would refuse is told before anything is sent, all at once") {
  auto service = hello();
  service.env = {{"AWS_REGION", "x"}, {"A", "x"}, {"1B", "x"}, {"GOOD_1", "x"}};
  service.target.settings.set("log-retention", 31);
  service.target.settings.set("role", "just-a-name");
  service.target.settings.set("vpc", Value::object({{"subnets", Value::array({"subnet-1"})}}));
  service.target.settings.set("region", "eu-south-2");
  const auto problems = aws::examine_service(service, noon);
  CHECK(mentions(problems, "there is no file lambda_function.py"));
  CHECK(mentions(problems, "env.AWS_REGION"));
  CHECK(mentions(problems, "env.A:"));
  CHECK(mentions(problems, "env.1B"));
  CHECK_FALSE(mentions(problems, "GOOD_1"));
  CHECK(mentions(problems, "log-retention"));
  CHECK(mentions(problems, "must be an ARN"));
  CHECK(mentions(problems, "both subnets and security groups"));
  CHECK(mentions(problems, "no function URLs"));
}

TEST_CASE("aws records: a record comes back as it was, in its highest revision, also when it needs parts") {
  release::Record record;
  record.number = record.runs = 8;
  record.artifact = "abc";
  record.created = noon;
  record.resources = Value::array({Value::object({{"env", std::string(9'000, 'x') + "ü"}})});
  const auto first = aws::parameters_of("/mdl/a/b", record, 1);
  CHECK(first.name == "/mdl/a/b/8/1");
  CHECK(first.value.size() <= aws::parameter_limit);
  CHECK(first.parts.size() == 3);
  record.state = release::State::live;
  const auto second = aws::parameters_of("/mdl/a/b", record, 12);
  CHECK(second.parts == first.parts);
  aws::Parameters all = first.parts;
  all[first.name] = first.value;
  all[second.name] = second.value;
  all["/mdl/a/b/note"] = "of somebody else";
  all["/mdl/a/b/8/x"] = "{}";
  const auto read = aws::records_from("/mdl/a/b", all);
  REQUIRE(read);
  REQUIRE(read->size() == 1);
  CHECK(read->front().revision == "12");
  CHECK(read->front().state == release::State::live);
  CHECK(read->front().resources == record.resources);
  CHECK(aws::revisions_in("/mdl/a/b", 8, all) == std::vector<int>{1, 12});
  all.erase(first.parts.begin()->first);
  CHECK(aws::records_from("/mdl/a/b", all).error().kind == ErrorKind::unavailable);
}

TEST_CASE("aws records: newest first, by number and not by spelling") {
  aws::Parameters all;
  for (const int number : {2, 10, 1}) {
    release::Record record;
    record.number = record.runs = number;
    record.created = noon;
    const auto written = aws::parameters_of("/mdl/a/b", record, 1);
    all[written.name] = written.value;
    CHECK(written.parts.empty());
  }
  const auto read = aws::records_from("/mdl/a/b", all);
  REQUIRE(read);
  CHECK(read->at(0).number == 10);
  CHECK(read->at(2).number == 1);
}

TEST_CASE("aws event: a request becomes what a function URL sends") {
  const auto event = aws::event_of(
      {.method = "POST",
       .path = "/a%2Fb?x=1&x=2&y=a+b&z",
       .headers = {{"Content-Type", "application/json"}, {"Cookie", "a=1; b=2"}, {"X", "1"}, {"x", "2"}},
       .body = R"({"name":"John"})"},
      {.function = "hello-eu", .domain = "d.example", .request_id = "r", .now = noon});
  CHECK(event["version"].as_string() == "2.0");
  CHECK(event["rawPath"].as_string() == "/a%2Fb");
  CHECK(event["rawQueryString"].as_string() == "x=1&x=2&y=a+b&z");
  CHECK(event["queryStringParameters"] == *parse_json(R"({"x":"1,2","y":"a b","z":""})"));
  CHECK(event["cookies"].as_strings() == std::vector<std::string>{"a=1", "b=2"});
  CHECK(event["headers"]["x"].as_string() == "1,2");
  CHECK(event["headers"]["host"].as_string() == "d.example");
  CHECK(event["requestContext"]["http"]["method"].as_string() == "POST");
  CHECK(event["requestContext"]["time"].as_string() == "24/Nov/2026:12:00:00 +0000");
  CHECK(event["body"].as_string() == R"({"name":"John"})");
  CHECK_FALSE(event["isBase64Encoded"].as_bool());
  const auto binary =
      aws::event_of({.method = "PUT", .headers = {{"content-type", "image/png"}}, .body = "\xff"}, {});
  CHECK(binary["body"].as_string() == "/w==");
  CHECK(binary["isBase64Encoded"].as_bool());
  CHECK_FALSE(aws::event_of({}, {}).contains("body"));
}

TEST_CASE("aws event: an answer becomes what a function URL makes of it") {
  auto response = aws::response_of(
      R"({"statusCode":"418","headers":{"X-A":true},"cookies":["c=1"],"body":"aGk=","isBase64Encoded":true})");
  CHECK(response.status == 418);
  CHECK(response.body == "hi");
  CHECK(response.headers ==
        std::vector<std::pair<std::string, std::string>>{
            {"x-a", "true"}, {"content-type", "application/json"}, {"set-cookie", "c=1"}});
  response = aws::response_of(std::string(R"({"statusCode":201,"headers":{"content-type":"a/b"}})") +
                              std::string(8, '\0') + std::string("x\0y", 3));
  CHECK(response.status == 201);
  CHECK(response.body == std::string("x\0y", 3));
  CHECK(aws::response_of(R"("text")").body == "text");
  CHECK(aws::response_of(R"([1,2])").body == "[1,2]");
  CHECK(aws::response_of(R"({"a":1})").status == 200);
  for (const auto* bad : {R"({"statusCode":99})", R"({"statusCode":200,"body":1})", R"({"statusCode":"x"})",
                          R"({"statusCode":200,"body":"!","isBase64Encoded":true})"})
    CHECK(aws::response_of(bad).status == 502);
}

TEST_CASE("aws logs: a stream names its version, and Lambda's own lines are no lines of the service") {
  CHECK(aws::version_in("2026/11/24/[12]0a1b2c") == "12");
  CHECK(aws::version_in("2026/11/24/hello-eu[$LATEST]0a1b") == "$LATEST");
  CHECK(aws::version_in("plain").empty());
  const auto entry = [](const char* text) {
    return aws::entry_of({.time = noon, .message = text}, 3, "3/a");
  };
  CHECK_FALSE(entry("START RequestId: 1 Version: 3"));
  CHECK_FALSE(entry("END RequestId: 1"));
  CHECK_FALSE(entry("REPORT RequestId: 1\tDuration: 2 ms"));
  CHECK(std::get<provider::LogNote>(*entry("REPORT RequestId: 1\tDuration: 3 ms\tStatus: timeout")).text ==
        "request ended: timeout");
  CHECK(std::get<provider::LogLine>(*entry("[ERROR] KeyError: 'body'")).error);
  CHECK_FALSE(std::get<provider::LogLine>(*entry("hello")).error);
}

TEST_CASE("aws logs: a cursor is a text that nothing is lost in") {
  const aws::LogCursor cursor{.until_ms = 1'795'521'600'123, .seen = {"a", "b"}};
  const auto read = aws::log_cursor_from(aws::to_text(cursor));
  REQUIRE(read);
  CHECK(read->until_ms == cursor.until_ms);
  CHECK(read->seen == cursor.seen);
  CHECK_FALSE(aws::log_cursor_from("not one"));
}
