#include "cli/views/releases.hpp"

#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "core/engine/engine.hpp"

namespace mdl::cli {

namespace {

int releases(Context& context, const Arguments& arguments) {
  auto single = select_one(context, arguments);
  if (!single) return finish(context, single.error());
  auto records = engine::history(single->ref, single->connection.provider);
  if (!records) return finish(context, error_report(context, records.error()));
  Report report{.document = releases_value(single->ref, *records)};
  report.text = records->empty() ? single->ref.service + " has no release on " + single->ref.target +
                                       " yet\n\nNext:  " + context.scope.command("deploy") + "\n"
                                 : releases_text(*records, context.clock.now(), context.out.style());
  return finish(context, report);
}

}  // namespace

Command releases_command() {
  return {
      .name = "releases",
      .group = Group::every_day,
      .summary = "Every release, who made it, and which can be restored",
      .options = with({file_option(), target_option(), service_option(), output_option()}, reading_options()),
      .examples = {{"mdl releases", "Newest first"},
                   {"mdl releases -t prod -o json", "With all that is recorded"}},
      .run = releases};
}

}  // namespace mdl::cli
