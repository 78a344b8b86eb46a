#include <algorithm>
#include <fmt/format.h>

#include "cli/commands/connecting.hpp"
#include "cli/commands/deploying.hpp"
#include "cli/commands/options.hpp"
#include "cli/commands/outcomes.hpp"
#include "cli/commands/running.hpp"

namespace mdl::cli {

namespace {

// What a stopped run was about: from the journal, or, where that is gone, from the history at the provider.
struct Unfinished {
  std::string command;  // "deploy", "rollback", "destroy", …; empty: nothing is unfinished
  int release = 0;      // of a rollback: the one that is to serve
  std::optional<engine::JournalRun> run;
};

Result<Unfinished> look(const release::ServiceRef& ref, provider::Provider& provider,
                        engine::Journal& journal) {
  Unfinished out;
  MDL_TRY(const auto records, engine::history(ref, provider));
  const auto pending = std::ranges::find(records, release::State::pending, &release::Record::state);
  if (pending != records.end()) {
    out.command = pending->how.substr(0, pending->how.find(' '));
    out.release = pending->runs;
  }
  MDL_TRY(const auto live, provider.traffic->read(ref));
  if (live.rests_for != 0 && out.command.empty())
    out.command = "deploy";  // what is live must be started again
  MDL_TRY(out.run, journal.unfinished(ref));
  if (out.run && out.command.empty()) out.command = out.run->command;
  return out;
}

Report abort(Context& context, const std::vector<manifest::Service>& services, provider::Provider& provider) {
  Running running(context, heading_of(services, provider), services);
  std::vector<std::pair<engine::Outcome, Value>> outcomes;
  std::vector<engine::Exit> exits;
  std::string text;
  for (const auto& service : services) {
    const auto ref = ref_of(service);
    const auto outcome = engine::abort_unfinished(ref, provider, running.environment());
    if (outcome.exit == engine::Exit::ok)
      if (auto run = running.environment().journal.unfinished(ref); run && *run)
        (void)running.environment().journal.finish((*run)->id);  // only its report would be better
    const auto one = outcome_context(context, service);
    text += abort_text(outcome, one, context.err.style());
    outcomes.emplace_back(outcome, outcome_value(outcome, one));
    exits.push_back(outcome.exit);
  }
  running.finish();
  return {.exit = worst_exit(exits), .document = outcomes_document(outcomes), .text = text};
}

bool is_destroy(const Unfinished& unfinished) {
  return unfinished.command == "destroy" || unfinished.command == engine::destroy_but_logs;
}

// A rollback or a destroy is finished by doing it again.
Report again(Context& context, const manifest::Service& service, const Unfinished& unfinished,
             provider::Provider& provider) {
  Running running(context, heading_of({service}, provider), {service});
  auto one = outcome_context(context, service);
  one.command = unfinished.command;
  engine::Outcome outcome;
  std::string text;
  if (is_destroy(unfinished)) {
    const bool keep_logs = unfinished.command == engine::destroy_but_logs;
    outcome = engine::destroy(ref_of(service), provider, running.environment(), keep_logs);
    text = destroy_text(outcome, one, context.err.style());
  } else {
    const engine::RollbackRequest request{
        .ref = ref_of(service),
        .to = unfinished.release == 0 ? std::nullopt : std::optional(unfinished.release),
        .folder = service.folder,
        .health = service.http.health};
    outcome = engine::rollback(request, provider, running.environment());
    text = rollback_text(outcome, false, one, context.err.style());
  }
  running.finish();
  return outcome_report(outcome, text, outcome_value(outcome, one));
}

Report nothing(const std::vector<manifest::Service>& services) {
  Value list = Value::array();
  for (const auto& service : services)
    list.push(Value::object({{"service", service.name}, {"target", service.target.name}}));
  return {.document = Value::object({{"nothing_to_do", true}, {"services", list}}),
          .text = "Nothing to do: no run was left unfinished\n"};
}

Report finish_runs(Context& context, const std::vector<manifest::Service>& services,
                   provider::Provider& provider) {
  const auto journal = engine::open_journal(state_path(context, "journal.db"));
  std::vector<manifest::Service> deploys;
  std::vector<std::string> closed;
  std::optional<Report> report;
  for (const auto& service : services) {
    auto unfinished = look(ref_of(service), provider, *journal);
    if (!unfinished) return error_report(context, unfinished.error());
    if (unfinished->command.empty()) continue;
    if (unfinished->run) closed.push_back(unfinished->run->id);
    if (unfinished->command == "rollback" || is_destroy(*unfinished))
      report = again(context, service, *unfinished, provider);
    else
      deploys.push_back(service);
    if (report && report->exit != 0) return *report;
  }
  if (!deploys.empty()) report = deploy_services(context, deploys, {}, "");
  if (report && report->exit == 0)
    for (const auto& run : closed)
      (void)journal->finish(run);  // a run found unfinished again converges again
  return report ? *report : nothing(services);
}

int resume(Context& context, const Arguments& arguments) {
  auto selection = select(context, arguments);
  if (!selection) return finish(context, selection.error());
  auto connection = connect(context, selection->services.front().target);
  if (!connection) return finish(context, error_report(context, connection.error()));
  const auto& services = selection->services;
  return finish(context, arguments.has("abort") ? abort(context, services, connection->provider)
                                                : finish_runs(context, services, connection->provider));
}

}  // namespace

Command resume_command() {
  return {.name = "resume",
          .group = Group::trouble,
          .summary = "Finish what a stopped run left half done, or undo it",
          .description =
              "Works from the state at the provider, on any machine. A deploy is finished with the manifest "
              "as it is now.",
          .options = with({{.names = "--abort",
                            .help = "Undo instead: remove what the run had made; what serves is not touched"},
                           file_option(),
                           target_option(),
                           services_option(),
                           set_option(),
                           output_option(),
                           events_option()},
                          common_options()),
          .examples = {{"mdl resume", "Finish"}, {"mdl resume --abort", "Undo"}},
          .run = resume};
}

}  // namespace mdl::cli
