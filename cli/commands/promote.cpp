#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "cli/commands/outcomes.hpp"
#include "cli/commands/running.hpp"

namespace mdl::cli {

namespace {

int promote(Context& context, const Arguments& arguments) {
  const int release = arguments.integer("release").value_or(0);
  const double share = arguments.has("share") ? arguments.share("share").value_or(0) : 1;
  if (release < 1) return finish(context, usage_report(context, "RELEASE: releases are counted from 1"));
  if (share <= 0) return finish(context, usage_report(context, "SHARE: it must be over 0 %"));
  auto single = select_one(context, arguments);
  if (!single) return finish(context, single.error());
  Running running(context, heading_of({single->service}, single->connection.provider), {single->service});
  const auto outcome =
      engine::promote(single->ref, release, share, single->connection.provider, running.environment());
  running.finish();
  const auto one = outcome_context(context, single->service);
  const Style& style = outcome.exit == engine::Exit::ok ? context.out.style() : context.err.style();
  return finish(context, outcome_report(outcome, promote_text(outcome, share, one, style),
                                        outcome_value(outcome, one)));
}

}  // namespace

Command promote_command() {
  return {
      .name = "promote",
      .group = Group::every_day,
      .summary = "Give a release a share of the traffic, or all of it",
      .positionals = {{.name = "RELEASE",
                       .type = OptionType::integer,
                       .help = "The release",
                       .required = true,
                       .completes = Completes::releases},
                      {.name = "SHARE", .type = OptionType::share, .help = "10% or 0.1 (default: all)"}},
      .options = with({file_option(), target_option(), service_option(), output_option(), events_option()},
                      common_options()),
      .examples = {{"mdl promote 9 10%", "A tenth of the requests to release 9"},
                   {"mdl promote 9", "All of them"}},
      .run = promote};
}

}  // namespace mdl::cli
