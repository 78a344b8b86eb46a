#include "cli/views/gc.hpp"

#include <fmt/format.h>

#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "cli/commands/outcomes.hpp"
#include "cli/commands/running.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

int gc(Context& context, const Arguments& arguments) {
  auto selection = select(context, arguments);
  if (!selection) return finish(context, selection.error());
  const auto& services = selection->services;
  auto connection = connect(context, services.front().target);
  if (!connection) return finish(context, error_report(context, connection.error()));
  auto& provider = connection->provider;
  Collected collected{.target = services.front().target.name, .dry_run = arguments.has("dry-run")};
  Running running(context, heading_of(services, provider), services);
  for (const auto& service : services) {
    std::vector<plan::ResourceId> removed;
    const int keep = arguments.integer("keep").value_or(service.rollout.keep);
    const auto outcome =
        engine::gc(ref_of(service), keep, collected.dry_run, provider, running.environment(), &removed);
    if (outcome.exit != engine::Exit::ok) {
      running.finish();
      const auto one = outcome_context(context, service);
      return finish(context, outcome_report(outcome, failure_text(outcome, one, context.err.style()),
                                            outcome_value(outcome, one)));
    }
    for (auto& id : removed) collected.resources.push_back(std::move(id));
  }
  running.finish();
  auto garbage = provider.inspect->garbage();
  if (!garbage) return finish(context, error_report(context, garbage.error()));
  collected.garbage = std::move(*garbage);
  if (!collected.dry_run && !collected.garbage.empty())
    if (auto done = provider.inspect->collect(); !done)
      return finish(context, error_report(context, done.error()));
  return finish(context, {.document = gc_value(collected),
                          .text = gc_text(collected, context.scope, context.out.style())});
}

}  // namespace

Command gc_command() {
  return {.name = "gc",
          .group = Group::trouble,
          .summary = "Remove what no kept release needs",
          .description = "What serves and what a rollback could need stays.",
          .options = with({{.names = "--keep",
                            .type = OptionType::integer,
                            .value = "N",
                            .help = "Earlier releases that stay restorable (default: rollout.keep)"},
                           {.names = "--dry-run", .help = "List what would be removed"},
                           file_option(),
                           target_option(),
                           services_option(),
                           output_option()},
                          common_options()),
          .examples = {{"mdl gc --dry-run", "Look first"}, {"mdl gc --keep 2", "Keep two earlier releases"}},
          .run = gc};
}

}  // namespace mdl::cli
