#include "cli/views/status.hpp"

#include <algorithm>

#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "core/engine/engine.hpp"

namespace mdl::cli {

namespace {

constexpr Milliseconds load_window{60'000};

Result<void> read_row(StatusRow& row, provider::Provider& provider) {
  MDL_TRY(row.live, provider.traffic->read(row.ref));
  MDL_TRY(row.status, provider.inspect->status(row.ref));
  if (auto report = provider.metrics->read(row.ref, load_window, load_window)) row.load = load_of(*report);
  MDL_TRY(const auto records, engine::history(row.ref, provider));
  for (const auto& record : records) {
    if (record.state != release::State::superseded || record.runs == row.live.release()) continue;
    if (!row.previous || record.live_since > row.previous->live_since) row.previous = record;
  }
  return {};
}

// The rows of one target; a target whose provider does not answer gives rows that say so.
void add_rows(std::vector<StatusRow>& rows, const Context& context,
              const std::vector<manifest::Service>& services) {
  auto connection = connect(context, services.front().target);
  for (const auto& service : services) {
    StatusRow row{.ref = ref_of(service)};
    if (!connection)
      row.error = connection.error();
    else if (auto read = read_row(row, connection->provider); !read)
      row.error = read.error();
    rows.push_back(std::move(row));
  }
}

int status(Context& context, const Arguments& arguments) {
  auto targets = manifest::target_names(manifest_path(arguments), load_options(context, arguments));
  if (arguments.has("target") || targets.empty()) targets = {arguments.text("target")};
  std::vector<StatusRow> rows;
  for (const auto& target : targets) {
    auto selection = select(context, arguments, target);
    if (!selection) return finish(context, selection.error());
    add_rows(rows, context, selection->services);
  }
  Report report{.document = status_value(rows), .data = true};
  report.exit = std::ranges::all_of(rows, [](const auto& row) { return row.error.has_value(); }) ? 1 : 0;
  report.text = status_text(rows, context.scope, context.clock.now(), context.out.style());
  return finish(context, report);
}

}  // namespace

Command status_command() {
  return {.name = "status",
          .group = Group::every_day,
          .summary = "What serves where, how it does, and what a rollback brings",
          .description = "Without -t: every target of the manifest. Load is that of the last minute.",
          .options =
              with({file_option(), target_option(), services_option(), output_option()}, reading_options()),
          .examples = {{"mdl status", "All services on all targets"},
                       {"mdl status -t prod -o json", "One target, for a program"}},
          .run = status};
}

}  // namespace mdl::cli
