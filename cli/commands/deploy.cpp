#include "cli/commands/deploying.hpp"
#include "cli/commands/options.hpp"
#include "cli/commands/outcomes.hpp"
#include "cli/commands/planning.hpp"
#include "cli/commands/project.hpp"
#include "cli/commands/running.hpp"
#include "cli/views/problems.hpp"
#include "cli/wiring.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

Result<plan::Plan> read_plan(const std::string& path) {
  MDL_TRY(const std::string text, read_file(path));
  MDL_TRY(const Value value, parse_json(text));
  return plan::plan_from(value);
}

std::string outcomes_text(const std::vector<engine::Outcome>& outcomes,
                          const std::vector<OutcomeContext>& contexts, const Style& style) {
  std::string out;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes.size() > 1)
      out += (i > 0 ? "\n" : "") + paint(style, Colour::bold, outcomes[i].ref.service) + "\n";
    out += deploy_text(outcomes[i], contexts[i], style);
  }
  return out;
}

// What the checks warned of, when they did not refuse: a run with nothing to do has said it before.
void show_warnings(Context& context, const std::vector<engine::Outcome>& outcomes) {
  if (context.quiet || context.events || context.format != Format::text) return;
  std::string text;
  for (const auto& outcome : outcomes)
    if (outcome.exit == engine::Exit::ok && !outcome.nothing_to_do)
      text += problem_lines(outcome.problems, context.err.style());
  if (!text.empty()) context.err.text(text + "\n");
}

}  // namespace

Report deploy_services(Context& context, const std::vector<manifest::Service>& services,
                       engine::DeployRequest request, const std::string& saved_plan) {
  auto connection = connect(context, services.front().target);
  if (!connection) return error_report(context, connection.error());
  request.services = services;
  Running running(context, heading_of(services, connection->provider), services);
  const auto outcomes = engine::deploy(request, connection->provider, running.environment());
  running.finish();
  show_warnings(context, outcomes);

  std::vector<OutcomeContext> contexts;
  std::vector<std::pair<engine::Outcome, Value>> documents;
  std::vector<engine::Exit> exits;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    auto one = outcome_context(context, services[i]);
    one.saved_plan = saved_plan;
    if (services.size() > 1) one.scope.service = services[i].name;
    documents.emplace_back(outcomes[i], outcome_value(outcomes[i], one));
    contexts.push_back(std::move(one));
    exits.push_back(outcomes[i].exit);
  }
  Report report{.exit = worst_exit(exits), .document = outcomes_document(documents)};
  const Style& style = report.exit == 0 ? context.out.style() : context.err.style();
  report.text = outcomes_text(outcomes, contexts, style);
  return report;
}

namespace {

int deploy(Context& context, const Arguments& arguments) {
  auto selection = select(context, arguments);
  if (!selection) return finish(context, selection.error());
  if (arguments.has("dry-run")) return finish(context, plan_report(context, *selection));
  engine::DeployRequest request{.allow_unrestorable = arguments.has("allow-unrestorable")};
  if (const auto timeout = arguments.duration("timeout")) request.timeout = *timeout;
  const std::string path = arguments.text("plan");
  if (!path.empty()) {
    if (selection->services.size() != 1)
      return finish(context,
                    usage_report(context, "--plan carries out the plan of one service; choose it with -s"));
    auto saved = read_plan(path);
    if (!saved) {
      saved.error().message = printable(path) + ": " + saved.error().message;
      return finish(context, error_report(context, saved.error()));
    }
    request.plan = std::move(*saved);
  }
  return finish(context, deploy_services(context, selection->services, std::move(request), path));
}

}  // namespace

Command deploy_command() {
  return {
      .name = "deploy",
      .group = Group::every_day,
      .summary = "Make a release, check it, then give it the traffic",
      .description =
          "The release that serves is not touched before the new one is healthy; when the new one fails, it "
          "goes on serving (exit 3). With nothing to change it makes no call that changes anything.",
      .options = with({file_option(),
                       target_option(),
                       services_option(),
                       set_option(),
                       {.names = "--plan",
                        .type = OptionType::text,
                        .value = "FILE",
                        .help = "Carry out exactly this plan, saved by `mdl plan --out`",
                        .completes = Completes::files},
                       {.names = "--allow-unrestorable",
                        .help = "Deploy although the present release could not be restored afterwards"},
                       {.names = "--dry-run", .help = "Show the plan and stop"},
                       timeout_option("How long the new release may take to become healthy (default: 10m)"),
                       output_option(),
                       events_option()},
                      common_options()),
      .examples = {{"mdl deploy", "Deploy to the manifest's only target, else to local"},
                   {"mdl deploy -t prod --set scale.min=2", "Deploy to prod with one field changed"},
                   {"mdl deploy --plan p.json", "Make the calls of a saved plan and no others"},
                   {"mdl deploy --events", "Follow the run in a pipeline, as JSON lines"}},
      .run = deploy};
}

}  // namespace mdl::cli
