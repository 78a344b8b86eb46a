#include <fmt/format.h>

#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "cli/commands/outcomes.hpp"
#include "cli/commands/running.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

std::string build_text(const engine::BuildResult& built, const OutcomeContext& context, const Style& style) {
  if (built.outcome.exit != engine::Exit::ok) return failure_text(built.outcome, context, style);
  const std::string what = fmt::format("{} {}, {}", built.outcome.ref.service, built.artifact.substr(0, 8),
                                       readable_bytes(built.bytes));
  const std::string took = " (" + readable_duration(built.outcome.duration) + ")\n";
  const std::string summary =
      built.summary.empty() ? "was already built" : "is built: " + printable(built.summary);
  return fmt::format("{} {}{}Next:  {}\n", what, summary, took, context.scope.command("deploy"));
}

int build(Context& context, const Arguments& arguments) {
  auto selection = select(context, arguments);
  if (!selection) return finish(context, selection.error());
  const auto& services = selection->services;
  auto connection = connect(context, services.front().target);
  if (!connection) return finish(context, error_report(context, connection.error()));
  Running running(context, heading_of(services, connection->provider), services);
  std::vector<std::pair<engine::Outcome, Value>> outcomes;
  std::vector<engine::Exit> exits;
  std::string text;
  for (const auto& service : services) {
    const auto built = engine::build(service, connection->provider, running.environment());
    const auto one = outcome_context(context, service);
    text += build_text(built, one, context.err.style());
    Value value = outcome_value(built.outcome, one);
    value.set("artifact", built.artifact.empty() ? Value() : Value(built.artifact));
    value.set("bytes", built.bytes);
    value.set("summary", built.summary);
    outcomes.emplace_back(built.outcome, value);
    exits.push_back(built.outcome.exit);
  }
  running.finish();
  return finish(context, {.exit = worst_exit(exits), .document = outcomes_document(outcomes), .text = text});
}

}  // namespace

Command build_command() {
  return {.name = "build",
          .group = Group::scripts,
          .summary = "Check the limits and make the artifact, without a release",
          .options = with({file_option(), target_option(), services_option(), set_option(), output_option(),
                           events_option()},
                          common_options()),
          .examples = {{"mdl build", "So that the deploy that follows only starts it"}},
          .run = build};
}

}  // namespace mdl::cli
