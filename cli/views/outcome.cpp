#include "cli/views/outcome.hpp"

#include <fmt/format.h>

#include "cli/views/error.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

using engine::Outcome;

namespace {

std::string seconds(const Outcome& outcome) { return "(" + readable_duration(outcome.duration) + ")"; }

// Only a run that stopped what was live kept the service away.
std::string away(const Outcome& outcome) {
  return outcome.away.count() == 0
             ? ""
             : fmt::format("The service was away for {}.\n", readable_duration(outcome.away));
}

std::string at_url(const Outcome& outcome) {
  return outcome.url.empty() ? "" : " at " + printable(outcome.url);
}

std::string command_line(std::string_view label, const std::string& command) {
  return fmt::format("{}:  {}\n", label, command);
}

}  // namespace

std::string rehearsal_words(const std::optional<release::Rehearsal>& rehearsal, Time now) {
  if (!rehearsal) return "restorable, never rehearsed";
  const auto age = readable_age(std::chrono::duration_cast<Milliseconds>(now - rehearsal->at));
  if (!rehearsal->passed) return fmt::format("restorable, but its rehearsal {} ago failed", age);
  return fmt::format("restorable, rehearsed {} ago in {}", age, readable_duration(rehearsal->took));
}

std::string deploy_text(const Outcome& outcome, const OutcomeContext& context, const Style& style) {
  if (outcome.exit != engine::Exit::ok) return failure_text(outcome, context, style);
  const auto& target = outcome.ref.target;
  if (outcome.nothing_to_do)
    return fmt::format("Nothing to do: release {} is live on {} and matches {} {}\n", outcome.serving,
                       printable(target), context.manifest, seconds(outcome));
  std::string out;
  if (outcome.release == 0 && outcome.woken) {
    out = paint(style, Colour::green,
                fmt::format("Release {} serves again{}", outcome.serving, at_url(outcome))) +
          " " + seconds(outcome) + "\n";
  } else if (outcome.release == 0) {
    out = fmt::format("Release {} stays live{}; what surrounds it was brought up to date {}\n",
                      outcome.serving, at_url(outcome), seconds(outcome));
  } else {
    out = paint(style, Colour::green, fmt::format("Release {} is live{}", outcome.serving, at_url(outcome))) +
          " " + seconds(outcome) + "\n" + away(outcome);
  }
  if (outcome.previous != 0 && outcome.release != 0)
    return out + fmt::format("Back to {}:  {}    ({})\n", outcome.previous, context.scope.command("rollback"),
                             rehearsal_words(outcome.previous_rehearsal, context.now));
  return out + command_line("Try it", outcome_next(outcome, context).front());
}

std::string rollback_text(const Outcome& outcome, bool rehearse, const OutcomeContext& context,
                          const Style& style) {
  if (outcome.exit != engine::Exit::ok) return failure_text(outcome, context, style);
  if (outcome.nothing_to_do)
    return fmt::format("Nothing to do: release {} serves {}\n", outcome.serving, seconds(outcome));
  if (rehearse) {
    const auto& rehearsal = outcome.previous_rehearsal;
    return fmt::format("Release {} could serve again {}; release {} serves as before {}\n", outcome.release,
                       rehearsal ? "in " + readable_duration(rehearsal->took) : "at once", outcome.serving,
                       seconds(outcome)) +
           command_line("Back to it", context.scope.command("rollback"));
  }
  std::string out = paint(style, Colour::green, fmt::format("Release {} serves again", outcome.release));
  if (outcome.record != 0) out += fmt::format(", recorded as release {}", outcome.record);
  out += " " + seconds(outcome) + "\n" + away(outcome);
  if (outcome.previous != 0)
    out += command_line("Forward again",
                        context.scope.command("rollback", fmt::format("--to {}", outcome.previous)));
  return out;
}

std::string promote_text(const Outcome& outcome, double share, const OutcomeContext& context,
                         const Style& style) {
  if (outcome.exit != engine::Exit::ok) return failure_text(outcome, context, style);
  const std::string part = fmt::format("{:.3g} %", share * 100);
  if (outcome.nothing_to_do)
    return fmt::format("Nothing to do: release {} gets {} of the requests {}\n", outcome.release, part,
                       seconds(outcome));
  std::string out =
      paint(style, Colour::green, fmt::format("Release {} gets {} of the requests", outcome.release, part));
  out += " " + seconds(outcome) + "\n";
  if (share < 1)
    return out +
           command_line("All of them", context.scope.command("promote", std::to_string(outcome.release))) +
           command_line("See how it does", context.scope.command("metrics"));
  return out + command_line("See it", context.scope.command("status"));
}

std::string scale_text(const Outcome& outcome, const manifest::Scale& now, const OutcomeContext& context,
                       const Style& style) {
  if (outcome.exit != engine::Exit::ok) return failure_text(outcome, context, style);
  const std::string figures = fmt::format("{} to {} replica{}, {} request{} each at once", now.min, now.max,
                                          plural(now.max), now.concurrency, plural(now.concurrency));
  if (outcome.nothing_to_do)
    return fmt::format("Nothing to do: {} already has {} {}\n", outcome.ref.service, figures,
                       seconds(outcome));
  return fmt::format("{} has {} {}\nIt stays so until the manifest's own figures change.\n",
                     outcome.ref.service, figures, seconds(outcome));
}

std::string destroy_text(const Outcome& outcome, const OutcomeContext& context, const Style& style) {
  if (outcome.exit != engine::Exit::ok) return failure_text(outcome, context, style);
  if (outcome.nothing_to_do)
    return fmt::format("Nothing to do: {} is not deployed on {} {}\n", outcome.ref.service,
                       outcome.ref.target, seconds(outcome));
  return fmt::format("{} is gone from {} {}\n", outcome.ref.service, outcome.ref.target, seconds(outcome)) +
         command_line("Back again", context.scope.command("deploy"));
}

std::string abort_text(const Outcome& outcome, const OutcomeContext& context, const Style& style) {
  if (outcome.exit != engine::Exit::ok) return failure_text(outcome, context, style);
  if (outcome.nothing_to_do)
    return fmt::format("Nothing to undo: no run was left unfinished {}\n", seconds(outcome));
  const auto undone =
      outcome.release == 0 ? "" : fmt::format("What release {} had made is removed. ", outcome.release);
  if (outcome.woken)
    return fmt::format("{}Release {} serves again. {}\n", undone, outcome.serving, seconds(outcome)) +
           command_line("Again", context.scope.command("deploy"));
  return fmt::format(
             "What release {} had made is removed.{} {}\n", outcome.release,
             outcome.serving != 0 ? fmt::format(" Release {} serves.", outcome.serving) : " Nothing serves.",
             seconds(outcome)) +
         command_line("Again", context.scope.command("deploy"));
}

}  // namespace mdl::cli
