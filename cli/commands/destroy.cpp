#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "cli/commands/outcomes.hpp"
#include "cli/commands/prompt.hpp"
#include "cli/commands/running.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

struct Contents {
  std::vector<plan::Observed> resources;
  int live = 0;
  std::size_t releases = 0;
};

Result<Contents> look(const release::ServiceRef& ref, provider::Provider& provider) {
  Contents out;
  MDL_TRY(out.resources, provider.resources->list(ref));
  MDL_TRY(const auto live, provider.traffic->read(ref));
  out.live = live.release();
  MDL_TRY(const auto records, provider.releases->list(ref));
  out.releases = records.size();
  return out;
}

// What would be removed, without removing it.
Report dry_run(const std::vector<manifest::Service>& services, provider::Provider& provider,
               const Context& context, bool keep_logs) {
  Report report;
  Value list = Value::array();
  for (const auto& service : services) {
    auto contents = look(ref_of(service), provider);
    if (!contents) return error_report(context, contents.error());
    if (keep_logs)
      std::erase_if(contents->resources,
                    [&](const auto& one) { return one.id.kind == provider.logs->kept_in(); });
    Value resources = Value::array();
    report.text +=
        fmt::format("{} on {}: {} resource{}, {} release{} of history\n", service.name, service.target.name,
                    contents->resources.size(), plural(static_cast<std::int64_t>(contents->resources.size())),
                    contents->releases, plural(static_cast<std::int64_t>(contents->releases)));
    for (const auto& resource : contents->resources) {
      report.text += "  - " + printable(plan::to_string(resource.id)) + "\n";
      resources.push(Value::object({{"kind", resource.id.kind}, {"name", resource.id.name}}));
    }
    list.push(Value::object({{"service", service.name},
                             {"target", service.target.name},
                             {"resources", resources},
                             {"releases", static_cast<std::int64_t>(contents->releases)}}));
  }
  report.text += "Nothing was changed.\n";
  report.document = Value::object({{"dry_run", true}, {"services", list}});
  return report;
}

// Asks once for all services. nullopt: go on; else the report to finish with.
std::optional<Report> confirm(Context& context, const std::vector<manifest::Service>& services,
                              provider::Provider& provider) {
  std::vector<std::string> parts;
  for (const auto& service : services) {
    auto contents = look(ref_of(service), provider);
    if (!contents) return error_report(context, contents.error());
    if (contents->resources.empty() && contents->releases == 0 && contents->live == 0) continue;
    parts.push_back(service.name +
                    (contents->live != 0 ? fmt::format(" (release {} is live)", contents->live) : ""));
  }
  if (parts.empty()) return std::nullopt;  // the run says that there is nothing to do
  if (!context.interactive)
    return usage_report(context, "removing a service needs -y where nobody can be asked");
  const std::string question = fmt::format("Remove {} from {}, with its whole history?", join(parts, ", "),
                                           services.front().target.name);
  if (ask_yes(context, question)) return std::nullopt;
  Report report{.exit = 1, .text = "Nothing was changed.\n"};
  report.document.set("error", Value::object({{"kind", "refused"}, {"message", "not confirmed"}}));
  return report;
}

int destroy(Context& context, const Arguments& arguments) {
  auto selection = select(context, arguments);
  if (!selection) return finish(context, selection.error());
  // Callers go before those that they call.
  const std::vector<manifest::Service> services(selection->services.rbegin(), selection->services.rend());
  auto connection = connect(context, services.front().target);
  if (!connection) return finish(context, error_report(context, connection.error()));
  auto& provider = connection->provider;
  const bool keep_logs = arguments.has("keep-logs");
  if (keep_logs && provider.logs->kept_in().empty())
    return finish(context, usage_report(context, "--keep-logs: on target '" + services.front().target.name +
                                                     "' the lines end with the service"));
  if (arguments.has("dry-run")) return finish(context, dry_run(services, provider, context, keep_logs));
  if (!arguments.has("yes"))
    if (const auto report = confirm(context, services, provider)) return finish(context, *report);

  Running running(context, heading_of(services, provider), services);
  std::vector<std::pair<engine::Outcome, Value>> outcomes;
  std::vector<engine::Exit> exits;
  std::string text;
  for (const auto& service : services) {
    const auto outcome = engine::destroy(ref_of(service), provider, running.environment(), keep_logs);
    auto one = outcome_context(context, service);
    if (services.size() > 1) one.scope.service = service.name;
    text += destroy_text(outcome, one, context.err.style());
    outcomes.emplace_back(outcome, outcome_value(outcome, one));
    exits.push_back(outcome.exit);
    if (outcome.exit != engine::Exit::ok) break;
  }
  running.finish();
  return finish(context, {.exit = worst_exit(exits), .document = outcomes_document(outcomes), .text = text});
}

}  // namespace

Command destroy_command() {
  return {
      .name = "destroy",
      .group = Group::trouble,
      .summary = "Remove a service from a target, with its history",
      .options = with({file_option(),
                       target_option(),
                       services_option(),
                       yes_option(),
                       {.names = "--keep-logs",
                        .help = "Leave what holds the log lines (AWS: the log group, with its retention)"},
                       {.names = "--dry-run", .help = "List what would be removed"},
                       no_input_option(),
                       output_option(),
                       events_option()},
                      common_options()),
      .examples = {{"mdl destroy --dry-run", "Look first"},
                   {"mdl destroy -t staging -y", "Remove it without being asked"}},
      .run = destroy};
}

}  // namespace mdl::cli
