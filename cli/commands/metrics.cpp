#include "cli/views/metrics.hpp"

#include <algorithm>

#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"

namespace mdl::cli {

namespace {

constexpr Milliseconds default_window{600'000};
constexpr int points = 20;

int metrics(Context& context, const Arguments& arguments) {
  auto selection = select(context, arguments);
  if (!selection) return finish(context, selection.error());
  auto connection = connect(context, selection->services.front().target);
  if (!connection) return finish(context, error_report(context, connection.error()));
  const auto window = arguments.duration("window").value_or(default_window);
  if (window < Milliseconds{1'000}) return finish(context, usage_report(context, "--window: at least 1s"));
  const auto step = std::max(Milliseconds{1'000}, window / points);
  Report report;
  Value services = Value::array();
  for (const auto& service : selection->services) {
    const auto ref = ref_of(service);
    auto read = connection->provider.metrics->read(ref, window, step);
    if (!read) return finish(context, error_report(context, read.error()));
    report.text += (report.text.empty() ? "" : "\n") + metrics_text(ref, *read, context.out.style());
    services.push(metrics_value(ref, *read));
  }
  report.document = Value::object({{"services", services}});
  return finish(context, report);
}

}  // namespace

Command metrics_command() {
  return {.name = "metrics",
          .group = Group::every_day,
          .summary = "Requests, errors, times, replicas, CPU and memory",
          .options = with({{.names = "--window",
                            .type = OptionType::duration,
                            .value = "DURATION",
                            .help = "How far back (default: 10m)"},
                           file_option(),
                           target_option(),
                           services_option(),
                           output_option()},
                          reading_options()),
          .examples = {{"mdl metrics", "The last ten minutes, with sparklines"},
                       {"mdl metrics --window 1h -o json", "The figures of an hour"}},
          .run = metrics};
}

}  // namespace mdl::cli
