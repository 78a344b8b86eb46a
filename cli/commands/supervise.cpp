#include "cli/commands/options.hpp"
#include "cli/commands/report.hpp"
#include "cli/wiring.hpp"

namespace mdl::cli {

namespace {

int supervise(Context& context, const Arguments& arguments) {
  if (!arguments.has("restart")) return supervise_local();
  const auto version = restart_local(context);
  if (!version) return finish(context, error_report(context, version.error()));
  Report report;
  report.document.set("version", *version);
  report.text = "The supervisor goes on as version " + *version + "; no request was cut.\n";
  return finish(context, report);
}

}  // namespace

Command supervise_command() {
  return {
      .name = "supervise",
      .group = Group::trouble,
      .summary = "Run the local target's supervisor, or restart it in its place",
      .description =
          "Deploys start it in the background by themselves, and a newer mdl restarts an older one in its "
          "place "
          "before the first change. SIGHUP restarts it as --restart does: the same process and the same "
          "replicas go on, and requests, streams and WebSockets end as if nothing had happened. SIGTERM "
          "stops "
          "it with its replicas.",
      .options = {{.names = "--restart", .help = "Restart the one that runs in its place, as this program"},
                  output_option()},
      .examples = {{"mdl supervise", "Until nothing is deployed any more, or SIGTERM"},
                   {"mdl supervise --restart", "After a new build of the same version"}},
      .run = supervise};
}

}  // namespace mdl::cli
