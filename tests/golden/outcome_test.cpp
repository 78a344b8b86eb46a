#include "cli/views/outcome.hpp"

#include <doctest/doctest.h>

#include "golden.hpp"
#include "samples.hpp"

using namespace mdl;
using namespace mdl::cli;
using engine::Exit;
using engine::Outcome;
using engine::Stage;

namespace {

OutcomeContext context(std::string command, Scope scope = {}) {
  return {.command = std::move(command),
          .scope = std::move(scope),
          .now = samples::now(),
          .requirements = "requirements.txt",
          .example = "--data @examples/applicant.json"};
}

void check_deploy(const std::string& name, const Outcome& outcome, const OutcomeContext& context) {
  check_view("deploy-" + name, deploy_text(outcome, context, {}), outcome_value(outcome, context));
}

Outcome failed(Exit exit, Stage stage, Error error) {
  Outcome outcome = samples::outcome();
  outcome.exit = exit;
  outcome.failed_stage = stage;
  outcome.error = std::move(error);
  outcome.serving = 8;
  outcome.release = 9;
  return outcome;
}

}  // namespace

TEST_CASE("golden: a first deploy says where the release is live and what to try") {
  Outcome outcome = samples::outcome();
  outcome.serving = outcome.release = outcome.record = 1;
  outcome.duration = Milliseconds{7'500};
  check_deploy("first", outcome, context("deploy"));
}

TEST_CASE("golden: a later deploy says how to go back and whether that was rehearsed") {
  Outcome outcome = samples::outcome();
  outcome.ref.target = "prod";
  outcome.url = "https://abc123.lambda-url.eu-central-1.on.aws";
  outcome.serving = outcome.release = outcome.record = 8;
  outcome.previous = 7;
  outcome.previous_restorable = true;
  outcome.previous_rehearsal = release::Rehearsal{
      .at = samples::ago(std::chrono::hours(3)), .took = Milliseconds{900}, .passed = true};
  outcome.duration = Milliseconds{198'000};
  check_deploy("later", outcome, context("deploy", {.target = "prod"}));
}

TEST_CASE("golden: a deploy with nothing to do is one line") {
  Outcome outcome = samples::outcome();
  outcome.nothing_to_do = true;
  outcome.serving = 8;
  outcome.previous = 7;
  outcome.previous_restorable = true;
  outcome.duration = Milliseconds{40};
  check_deploy("nothing", outcome, context("deploy"));
}

TEST_CASE("golden: a release that fails shows its last lines, the likely cause and what serves") {
  check_deploy("failed",
               failed(Exit::previous_serves, Stage::verify,
                      {.kind = ErrorKind::failed,
                       .message = "exited 1 before /healthz answered",
                       .code = "exited",
                       .resource = "replica 9/1",
                       .lines = {"File \"app.py\", line 3, in <module>", "  import pandas",
                                 "ModuleNotFoundError: No module named 'pandas'"}}),
               context("deploy"));
}

TEST_CASE("golden: a deploy that drained says how long the service was away") {
  Outcome outcome = samples::outcome();
  outcome.serving = outcome.release = outcome.record = 8;
  outcome.previous = 7;
  outcome.previous_restorable = true;
  outcome.away = Milliseconds{1'630};
  check_deploy("drain", outcome, context("deploy"));
}

TEST_CASE("golden: a drain that failed says that the old release serves again, and how long it was away") {
  auto outcome =
      failed(Exit::previous_serves, Stage::verify,
             {.kind = ErrorKind::failed, .message = "exited 1", .code = "exited", .resource = "replica 9/1"});
  outcome.woken = true;
  outcome.away = Milliseconds{3'210};
  check_deploy("drain-failed", outcome, context("deploy"));
}

TEST_CASE("golden: a drain that was stopped says that the service is away") {
  auto outcome =
      failed(Exit::interrupted, Stage::verify, {.kind = ErrorKind::interrupted, .message = "interrupted"});
  outcome.rests_for = 9;
  check_deploy("drain-interrupted", outcome, context("deploy"));
  outcome = samples::outcome();
  outcome.serving = 8;
  outcome.woken = true;
  check_deploy("drain-woken", outcome, context("deploy"));
}

TEST_CASE("golden: the lines of a failed release cannot drive the terminal") {
  const auto outcome =
      failed(Exit::previous_serves, Stage::verify,
             {.kind = ErrorKind::failed, .message = "exited 1", .lines = {"\x1b[2J\x07 gone"}});
  const std::string text = deploy_text(outcome, context("deploy"), {});
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\\x1B[2J") + text.find("\\x1b[2J") != 2 * std::string::npos);
}

TEST_CASE("golden: a lost race names the winner and what to run") {
  Outcome outcome = failed(Exit::conflict, Stage::promote,
                           {.kind = ErrorKind::conflict, .message = "the live pointer moved"});
  outcome.winner = samples::record(9, release::State::live);
  outcome.winner->author = {.name = "ci 413", .commit = "1d00b7a2c3b4a5968778695a4b3c2d1e0f9a8b7c"};
  outcome.serving = 9;
  check_deploy("conflict", outcome, context("deploy", {.target = "prod"}));
}

TEST_CASE("golden: a race lost to a run that is under way says since when it is") {
  Outcome outcome = failed(Exit::conflict, Stage::apply, {.kind = ErrorKind::conflict, .message = "taken"});
  outcome.winner = samples::record(9, release::State::pending);
  outcome.serving = 8;
  const std::string text = deploy_text(outcome, context("deploy"), {});
  CHECK(text.find("Another run was first. Release 9") == 0);
  CHECK(text.find("is under way since ") != std::string::npos);
}

TEST_CASE("golden: a saved plan that no longer holds changes nothing") {
  Outcome outcome = failed(Exit::conflict, Stage::check,
                           {.kind = ErrorKind::conflict,
                            .message = "what is live changed since the plan was made: release 8 serves now"});
  auto with_plan = context("deploy");
  with_plan.saved_plan = "p.json";
  check_deploy("stale-plan", outcome, with_plan);
}

TEST_CASE("golden: an interrupted deploy says how to finish and how to undo") {
  auto outcome =
      failed(Exit::interrupted, Stage::apply, {.kind = ErrorKind::interrupted, .message = "interrupted"});
  outcome.calls_made = 3;
  outcome.calls_planned = 7;
  check_deploy("interrupted", outcome, context("deploy", {.target = "prod"}));
}

TEST_CASE("golden: what the platform refused is quoted, with one next command") {
  Outcome outcome = failed(Exit::failed, Stage::apply,
                           {.kind = ErrorKind::denied,
                            .message = "AWS refused lambda:CreateFunction on function:credit-risk",
                            .code = "AccessDeniedException",
                            .quoted = "User dev is not authorized",
                            .next = {"mdl policy aws --phase deploy"}});
  outcome.serving = 0;
  outcome.release = 0;
  check_deploy("denied", outcome, context("deploy", {.target = "prod"}));
}

TEST_CASE("golden: checks that refuse show each problem with its line") {
  Outcome outcome = samples::outcome();
  outcome.exit = Exit::failed;
  outcome.failed_stage = Stage::check;
  outcome.serving = 8;
  outcome.problems = {
      {.severity = manifest::Severity::certain,
       .field = "http.timeout",
       .message = "http.timeout: 20m is over the limit of target 'prod' (AWS Lambda functions: 15m, read "
                  "2026-11-24)",
       .where =
           Source{
               .file = "mdl.yaml", .line = 19, .column = 18, .length = 3, .text = "http: { timeout: 20m }"}},
      {.severity = manifest::Severity::likely,
       .field = "resources.memory",
       .message = "resources.memory: 16 GiB is more than this machine has"}};
  check_deploy("problems", outcome, context("deploy"));
}

TEST_CASE("golden: a deploy that would lose the present release is refused") {
  Outcome outcome = failed(
      Exit::unrestorable, Stage::check,
      {.kind = ErrorKind::refused,
       .message = "release 8 could not be restored afterwards: secret DB of release 8 can no longer be read",
       .next = {"mdl deploy --allow-unrestorable"}});
  check_deploy("unrestorable", outcome, context("deploy", {.target = "prod"}));
}

TEST_CASE("golden: what needs attention says so") {
  check_deploy("attention",
               failed(Exit::attention, Stage::prune,
                      {.kind = ErrorKind::unavailable,
                       .message = "the record could not be written",
                       .resource = "record 9"}),
               context("deploy"));
}

TEST_CASE("golden: a rollback says what serves again and how to go forward") {
  Outcome outcome = samples::outcome();
  outcome.serving = outcome.release = 7;
  outcome.record = 10;
  outcome.previous = 8;
  outcome.previous_restorable = true;
  outcome.duration = Milliseconds{20};
  const auto c = context("rollback");
  check_view("rollback", rollback_text(outcome, false, c, {}), outcome_value(outcome, c));
}

TEST_CASE("golden: a rehearsal says how long a rollback would take") {
  Outcome outcome = samples::outcome();
  outcome.serving = 8;
  outcome.release = outcome.previous = 7;
  outcome.previous_restorable = true;
  outcome.previous_rehearsal =
      release::Rehearsal{.at = samples::now(), .took = Milliseconds{900}, .passed = true};
  const auto c = context("rollback");
  check_view("rehearsal", rollback_text(outcome, true, c, {}), outcome_value(outcome, c));
}

TEST_CASE("golden: promote, scale, destroy and an undone run close with what to type next") {
  Outcome outcome = samples::outcome();
  outcome.serving = 8;
  outcome.release = 9;
  check_view("promote", promote_text(outcome, 0.1, context("promote"), {}),
             outcome_value(outcome, context("promote")));
  check_view("scale", scale_text(outcome, {.min = 2, .max = 20, .concurrency = 16}, context("scale"), {}),
             outcome_value(outcome, context("scale")));
  check_view("abort", abort_text(outcome, context("resume"), {}), outcome_value(outcome, context("resume")));
  outcome.serving = outcome.release = 0;
  outcome.url.clear();
  check_view("destroy", destroy_text(outcome, context("destroy"), {}),
             outcome_value(outcome, context("destroy")));
}
