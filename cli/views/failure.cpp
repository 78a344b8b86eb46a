#include <algorithm>
#include <fmt/format.h>
#include <time.h>

#include "cli/views/document.hpp"
#include "cli/views/error.hpp"
#include "cli/views/hints.hpp"
#include "cli/views/outcome.hpp"
#include "cli/views/problems.hpp"
#include "cli/views/times.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

using engine::Exit;
using engine::Outcome;
using engine::Stage;

namespace {

std::string resting_sentence(const Outcome& outcome) {
  return fmt::format("Release {} is at rest, to make room for release {}: the service is away.",
                     outcome.serving, outcome.rests_for);
}

std::string serving_sentence(const Outcome& outcome) {
  if (outcome.serving == 0) return "Nothing serves.";
  if (outcome.rests_for != 0) return resting_sentence(outcome);
  if (outcome.woken)
    return fmt::format("Release {} serves again; the service was away for {}.", outcome.serving,
                       readable_duration(outcome.away));
  return fmt::format("Release {} serves as before.", outcome.serving);
}

// Whether the release's own replicas failed, so that their lines tell why.
bool replicas_failed(const Outcome& outcome) {
  if (!outcome.error || outcome.release == 0) return false;
  return outcome.failed_stage == Stage::start || outcome.failed_stage == Stage::verify ||
         outcome.error->resource.starts_with("replica ");
}

std::optional<std::string> hint_of(const Outcome& outcome, const OutcomeContext& context) {
  if (!replicas_failed(outcome)) return std::nullopt;
  return hint({.code = outcome.error->code,
               .message = outcome.error->message,
               .lines = outcome.error->lines,
               .requirements = context.requirements,
               .health = context.health});
}

std::string replicas_text(const Outcome& outcome, const OutcomeContext& context, const Style& style) {
  const auto& error = *outcome.error;
  std::string out = paint(style, Colour::red, fmt::format("Release {} failed", outcome.release)) + ": " +
                    error_sentence(error) + "\n" + serving_sentence(outcome) + "\n";
  if (!error.lines.empty()) out += "\n" + lines_text("Its last lines", error.lines);
  const auto next = outcome_next(outcome, context);
  out += "\n";
  if (const auto cause = hint_of(outcome, context))
    out += fmt::format("  {}, then:  {}\n", *cause, next.front());
  else
    out += fmt::format("  Try again:  {}\n", next.front());
  for (std::size_t i = 1; i < next.size(); ++i) out += fmt::format("  All its lines:  {}\n", next[i]);
  return out;
}

std::string conflict_text(const Outcome& outcome, const OutcomeContext& context, const Style& style) {
  std::string out;
  const bool at_check = outcome.failed_stage == Stage::check;
  if (at_check && outcome.error) {
    out = paint(style, Colour::red, "The plan no longer holds: ") + error_sentence(*outcome.error) +
          ".\nNothing was changed.\n";
  } else if (outcome.winner) {
    const auto& winner = *outcome.winner;
    const bool under_way = winner.state == release::State::pending;
    out = paint(style, Colour::red, under_way ? "Another run was first." : "Another run won.") +
          fmt::format(" Release {}", winner.number);
    std::string by = printable(winner.author.name);
    if (!winner.author.commit.empty())
      by += (by.empty() ? "" : ", ") + fmt::format("commit {}", winner.author.commit.substr(0, 7));
    if (!by.empty()) out += " (" + by + ")";
    if (under_way)
      out += " is under way since " + local_clock(winner.created);
    else if (winner.live_since != Time{})
      out += " went live at " + local_clock(winner.live_since);
    else
      out += " serves";
    out += ".\nThis run changed nothing that serves; what it had made is removed.\n";
  } else {
    out = (outcome.error ? error_sentence(*outcome.error) : std::string("Another run changed the service")) +
          ".\n" + serving_sentence(outcome) + "\n";
  }
  const auto next = outcome_next(outcome, context);
  return out + fmt::format("\nSee it:  {}        Try again:  {}\n", next[0], next[1]);
}

std::string interrupted_text(const Outcome& outcome, const OutcomeContext& context) {
  const auto next = outcome_next(outcome, context);
  const auto after = outcome.calls_planned == 0
                         ? std::string()
                         : fmt::format(" after {} of {} calls", outcome.calls_made, outcome.calls_planned);
  return fmt::format("Stopped{}. {}\n\nFinish:  {}        Undo:  {}\n", after,
                     outcome.serving == 0     ? "Nothing serves."
                     : outcome.rests_for != 0 ? resting_sentence(outcome)
                                              : fmt::format("Release {} serves.", outcome.serving),
                     next[0], next[1]);
}

std::string closing_sentence(const Outcome& outcome) {
  switch (outcome.exit) {
    case Exit::attention:
      if (outcome.rests_for != 0) return "This needs attention. " + resting_sentence(outcome);
      return outcome.serving == 0 ? "This needs attention: nothing serves."
                                  : fmt::format("This needs attention. Release {} serves.", outcome.serving);
    case Exit::previous_serves:
      return serving_sentence(outcome);
    default:
      return "Nothing was changed.";
  }
}

bool refused_by_checks(const Outcome& outcome) {
  return !outcome.error && std::ranges::any_of(outcome.problems, [](const auto& problem) {
    return problem.severity == manifest::Severity::certain;
  });
}

}  // namespace

std::vector<std::string> outcome_next(const Outcome& outcome, const OutcomeContext& context) {
  const auto& scope = context.scope;
  switch (outcome.exit) {
    case Exit::ok:
      if (context.command == "destroy") return {scope.command("deploy")};
      if (outcome.previous != 0 && context.command == "deploy" && outcome.release != 0)
        return {scope.command("rollback")};
      if (context.command == "deploy")
        return {scope.command("invoke", context.example)};
      return {scope.command("status")};
    case Exit::interrupted:
      return {scope.command("resume"), scope.command("resume", "--abort")};
    case Exit::conflict:
      if (!context.saved_plan.empty() && outcome.failed_stage == Stage::check)
        return {scope.command("plan"), scope.command("plan", "--out " + shell_quote(context.saved_plan))};
      return {scope.command("status"), scope.command(context.command)};
    default:
      break;
  }
  if (refused_by_checks(outcome)) return {scope.command("validate")};
  if (replicas_failed(outcome))
    return {scope.command(context.command),
            scope.command("logs", fmt::format("--release {}", outcome.release))};
  Error error = outcome.error.value_or(Error{});
  for (const auto& next : outcome.next) error.next.push_back(next);
  if (outcome.exit == Exit::attention && error.next.empty())
    return {scope.command("resume"), scope.command("status")};
  return next_commands(error, context.command, outcome.failed_stage, scope);
}

std::string failure_text(const Outcome& outcome, const OutcomeContext& context, const Style& style) {
  if (outcome.exit == Exit::interrupted) return interrupted_text(outcome, context);
  if (outcome.exit == Exit::conflict) return conflict_text(outcome, context, style);
  if (refused_by_checks(outcome)) return problems_text(outcome.problems, style);
  if (replicas_failed(outcome)) return replicas_text(outcome, context, style);
  const Error error = outcome.error.value_or(Error{.message = "the run failed"});
  const std::string whole = error_text(error, {}, style);
  const auto next = outcome_next(outcome, context);
  return whole + closing_sentence(outcome) + "\n" + (next.empty() ? "" : "\n" + next_text(next));
}

namespace {

Value failed_value(const Outcome& outcome, const OutcomeContext& context) {
  Value out = Value::object();
  if (outcome.release != 0) out.set("release", outcome.release);
  if (outcome.failed_stage) out.set("stage", engine::to_string(*outcome.failed_stage));
  if (!outcome.error) return out;
  const Error& error = *outcome.error;
  if (!error.resource.empty()) out.set("resource", error.resource);
  out.set("kind", to_string(error.kind));
  out.set("code", error.code.empty() ? Value(to_string(error.kind)) : Value(error.code));
  out.set("message", error.message);
  if (!error.quoted.empty()) out.set("quoted", error.quoted);
  if (error.where) out.set("where", source_value(error.where));
  if (!error.lines.empty()) out.set("lines", error.lines);
  if (const auto cause = hint_of(outcome, context)) out.set("hint", *cause);
  return out;
}

Value previous_value(const Outcome& outcome) {
  if (outcome.previous == 0) return {};
  Value out = Value::object({{"release", outcome.previous}, {"restorable", outcome.previous_restorable}});
  out.set("rehearsal", rehearsal_value(outcome.previous_rehearsal));
  return out;
}

}  // namespace

Value outcome_value(const Outcome& outcome, const OutcomeContext& context) {
  Value out = Value::object({{"service", outcome.ref.service}, {"target", outcome.ref.target}});
  Value serving;
  if (outcome.serving != 0) {
    serving = Value::object({{"release", outcome.serving}});
    if (outcome.rests_for != 0) serving.set("rests_for", outcome.rests_for);
    if (!outcome.url.empty()) serving.set("url", outcome.url);
  }
  out.set("serving", serving);
  out.set("nothing_to_do", outcome.nothing_to_do);
  if (outcome.exit == Exit::ok && outcome.release != 0) out.set("release", outcome.release);
  if (outcome.record != 0) out.set("record", outcome.record);
  out.set("previous", previous_value(outcome));
  if (outcome.exit != Exit::ok) out.set("failed", failed_value(outcome, context));
  if (!outcome.problems.empty()) out.set("problems", problems_value(outcome.problems));
  if (outcome.winner) out.set("winner", record_value(*outcome.winner));
  if (outcome.calls_planned != 0)
    out.set("calls", Value::object({{"made", outcome.calls_made}, {"planned", outcome.calls_planned}}));
  out.set("next", outcome_next(outcome, context));
  if (outcome.away.count() > 0) out.set("away_ms", static_cast<std::int64_t>(outcome.away.count()));
  out.set("duration_ms", static_cast<std::int64_t>(outcome.duration.count()));
  return out;
}

}  // namespace mdl::cli
