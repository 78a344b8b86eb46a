#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "cli/commands/outcomes.hpp"
#include "cli/commands/running.hpp"

namespace mdl::cli {

namespace {

int rollback(Context& context, const Arguments& arguments) {
  if (arguments.integer("to") == 0)
    return finish(context, usage_report(context, "--to: releases are counted from 1"));
  auto single = select_one(context, arguments);
  if (!single) return finish(context, single.error());
  const auto& service = single->service;
  const bool rehearse = arguments.has("rehearse");
  engine::RollbackRequest request{.ref = single->ref,
                                  .to = arguments.integer("to"),
                                  .rehearse = rehearse,
                                  .golden = service.golden,
                                  .folder = service.folder,
                                  .health = service.http.health};
  if (const auto timeout = arguments.duration("timeout")) request.timeout = *timeout;
  Running running(context, heading_of({service}, single->connection.provider), {service});
  const auto outcome = engine::rollback(request, single->connection.provider, running.environment());
  running.finish();
  const auto one = outcome_context(context, service);
  const Style& style = outcome.exit == engine::Exit::ok ? context.out.style() : context.err.style();
  return finish(context, outcome_report(outcome, rollback_text(outcome, rehearse, one, style),
                                        outcome_value(outcome, one)));
}

}  // namespace

Command rollback_command() {
  return {
      .name = "rollback",
      .group = Group::every_day,
      .summary = "Give the traffic back to an earlier release",
      .description =
          "Everything that the release needs is checked before the first change. The manifest is not looked "
          "at, except for the name: what ran, runs again.",
      .options = with(
          {file_option(),
           target_option(),
           service_option(),
           {.names = "--to",
            .type = OptionType::integer,
            .value = "N",
            .help = "The release, or -N for N releases back (default: the one before)",
            .completes = Completes::releases},
           {.names = "--rehearse", .help = "Start it without traffic, check it, record how long it took"},
           timeout_option("How long it may take to become healthy (default: 2m)"),
           output_option(),
           events_option()},
          common_options()),
      .examples = {{"mdl rollback", "Back to the release before"},
                   {"mdl rollback --to 8", "To release 8"},
                   {"mdl rollback --to -2", "Two releases back"},
                   {"mdl rollback --rehearse", "Prove that it would work, without traffic"}},
      .run = rollback};
}

}  // namespace mdl::cli
