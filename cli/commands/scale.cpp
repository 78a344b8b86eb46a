#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "cli/commands/outcomes.hpp"
#include "cli/commands/running.hpp"

namespace mdl::cli {

namespace {

Value scale_value(const manifest::Scale& scale) {
  return Value::object({{"min", scale.min}, {"max", scale.max}, {"concurrency", scale.concurrency}});
}

// Waits until as many replicas are up as are wanted. The error says what is still waited for.
Result<void> wait_for_replicas(Context& context, Single& single, Milliseconds timeout,
                               const Interrupt& interrupt) {
  const auto deadline = context.clock.elapsed() + timeout;
  while (true) {
    MDL_TRY(const auto status, single.connection.provider.inspect->status(single.ref));
    if (status.replicas >= status.wanted && status.health != "starting") return {};
    if (interrupt.requested()) return fail(ErrorKind::interrupted, "interrupted while waiting for replicas");
    if (context.clock.elapsed() >= deadline)
      return fail(ErrorKind::timeout, std::to_string(status.replicas) + " of " +
                                          std::to_string(status.wanted) + " replicas are up" +
                                          (status.detail.empty() ? "" : ": " + status.detail));
    context.sleeper.sleep(Milliseconds{100});
  }
}

int scale(Context& context, const Arguments& arguments) {
  engine::ScaleRequest request{.min = arguments.integer("min"),
                               .max = arguments.integer("max"),
                               .concurrency = arguments.integer("concurrency")};
  if (!request.min && !request.max && !request.concurrency)
    return finish(context, usage_report(context, "say what to change: --min, --max or --concurrency"));
  auto single = select_one(context, arguments);
  if (!single) return finish(context, single.error());
  auto& provider = single->connection.provider;
  request.ref = single->ref;
  Running running(context, heading_of({single->service}, provider), {single->service});
  auto outcome = engine::scale(request, provider, running.environment());
  if (outcome.exit == engine::Exit::ok && arguments.has("wait"))
    if (auto waited =
            wait_for_replicas(context, *single, arguments.duration("timeout").value_or(Milliseconds{120'000}),
                              running.environment().interrupt);
        !waited) {
      outcome.exit =
          waited.error().kind == ErrorKind::interrupted ? engine::Exit::interrupted : engine::Exit::attention;
      outcome.error = waited.error();
    }
  running.finish();
  const auto one = outcome_context(context, single->service);
  const auto now = provider.scaling->read(single->ref);
  Value document = outcome_value(outcome, one);
  if (now) document.set("scale", scale_value(*now));
  const Style& style = outcome.exit == engine::Exit::ok ? context.out.style() : context.err.style();
  return finish(
      context,
      outcome_report(outcome, scale_text(outcome, now.value_or(manifest::Scale{}), one, style), document));
}

}  // namespace

Command scale_command() {
  return {.name = "scale",
          .group = Group::every_day,
          .summary = "Change the number of replicas, now and without a release",
          .description = "Holds across deploys, until the manifest's own figures change.",
          .options =
              with({file_option(),
                    target_option(),
                    service_option(),
                    {.names = "--min",
                     .type = OptionType::integer,
                     .value = "N",
                     .help = "Replicas that always run; 0 lets the service rest when nothing is asked"},
                    {.names = "--max", .type = OptionType::integer, .value = "N", .help = "Replicas at most"},
                    {.names = "--concurrency",
                     .type = OptionType::integer,
                     .value = "N",
                     .help = "Requests that a replica gets at once"},
                    {.names = "--wait", .help = "Return when the replicas are up"},
                    timeout_option("How long to wait with --wait (default: 2m)"),
                    output_option()},
                   common_options()),
          .examples = {{"mdl scale --min 2", "Two replicas always"},
                       {"mdl scale --min 2 --max 20 --concurrency 16", "All three figures"},
                       {"mdl scale --min 0 --max 4", "Rest when nothing is asked"}},
          .run = scale};
}

}  // namespace mdl::cli
