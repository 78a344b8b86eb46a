#include <doctest/doctest.h>

#include "cli/views/doctor.hpp"
#include "cli/views/document.hpp"
#include "cli/views/error.hpp"
#include "cli/views/gc.hpp"
#include "cli/views/invoke.hpp"
#include "cli/views/validate.hpp"
#include "golden.hpp"
#include "samples.hpp"

using namespace mdl;
using namespace mdl::cli;

TEST_CASE("golden: doctor has a line a check and the remedy below a failure") {
  const std::vector<Diagnosis> diagnoses = {
      {.target = "local",
       .provider = "local",
       .checks = {{.ok = true, .text = "python 3.11.2 with venv"},
                  {.ok = true, .text = "port 8400 is free"}}},
      {.target = "prod",
       .provider = "aws",
       .checks = {{.ok = false,
                   .text = "these credentials may not call lambda:CreateFunction",
                   .remedy = "mdl policy aws -t prod --phase deploy"}}}};
  CHECK(!healthy(diagnoses));
  check_view("doctor", doctor_text(diagnoses, {}), doctor_value(diagnoses));
}

TEST_CASE("golden: gc lists what goes and how much that is") {
  Collected collected{.target = "local",
                      .dry_run = true,
                      .resources = {{"replicas", "credit-risk/2"}},
                      .garbage = {{.what = "artifact 51bb02aa", .bytes = 8'100'000}}};
  check_view("gc-dry-run", gc_text(collected, {}, {}), gc_value(collected));
  collected.dry_run = false;
  check_view("gc", gc_text(collected, {}, {}), gc_value(collected));
  check_view("gc-nothing", gc_text({.target = "local"}, {}, {}), gc_value({.target = "local"}));
}

TEST_CASE("golden: validate shows every problem and counts them, or says what is in order") {
  Validation validation{.file = "mdl.yaml"};
  validation.problems = {
      {.severity = manifest::Severity::certain,
       .field = "scael",
       .message = "unknown field 'scael'; did you mean 'scale'?",
       .where =
           Source{.file = "mdl.yaml", .line = 14, .column = 1, .length = 5, .text = "scael: { min: 1 }"}},
      {.severity = manifest::Severity::certain,
       .field = "http",
       .message = "http: one of entry, handler and command is needed"}};
  check_view("validate-problems", validate_text(validation, {}), validate_value(validation));
  validation = {.file = "mdl.yaml", .services = {"credit-risk"}, .targets = {"local", "prod"}};
  check_view("validate", validate_text(validation, {}), validate_value(validation));
}

TEST_CASE("golden: an invocation's document holds the body as text, or as base64 when it is none") {
  provider::HttpResponse response{.status = 200,
                                  .headers = {{"Content-Type", "application/json"}},
                                  .body = "{\"a\": 1}",
                                  .took = std::chrono::microseconds(4'100),
                                  .release = 1};
  const release::ServiceRef ref{.service = "credit-risk", .target = "local"};
  check_view("invoke", invoke_sentence(response) + "\n", invoke_value(ref, response));
  response.body = std::string("\xff\x00\x01\x02", 4);
  CHECK(invoke_value(ref, response)["body_base64"].as_string() == "/wABAg==");
}

TEST_CASE("golden: an error names the place, quotes the platform, shows lines and what to run") {
  const Error error{.kind = ErrorKind::failed,
                    .message = "the installer failed",
                    .code = "exited 1",
                    .quoted = "no matching distribution",
                    .resource = "environment 51bb",
                    .where = Source{.file = "mdl.yaml", .line = 4, .column = 3},
                    .lines = {"ERROR: no numpy==99"}};
  const auto next = next_commands(error, "deploy", engine::Stage::build, {.target = "prod"});
  check_view("error", error_text(error, next, {}), error_value(error));
}

TEST_CASE("golden: YAML says the same as JSON, and quotes what would be read as something else") {
  const Value value = Value::object(
      {{"text", "plain"},
       {"number-like", "12"},
       {"yes", "no"},
       {"empty", ""},
       {"none", Value()},
       {"colon", "a: b"},
       {"lines", "one\ntwo"},
       {"list",
        Value::array({1, 2.5, true, Value::object({{"a", Value::array()}, {"b", Value::array({1})}})})},
       {"nested", Value::object({{"deep", Value::object({{"x", 1}})}, {"nothing", Value::object()}})}});
  check_golden(golden_path("document.yaml"), to_yaml(value));
}
