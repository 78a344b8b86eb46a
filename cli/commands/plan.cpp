#include "cli/views/plan.hpp"

#include "cli/commands/options.hpp"
#include "cli/commands/outcomes.hpp"
#include "cli/commands/planning.hpp"
#include "cli/commands/running.hpp"
#include "cli/views/document.hpp"
#include "cli/views/problems.hpp"
#include "cli/views/weights.hpp"
#include "cli/wiring.hpp"
#include "core/util/files.hpp"

namespace mdl::cli {

namespace {

// Which of the commands the manifest's services would need when only one of them is chosen.
Scope scope_of(const Context& context, const Selection& selection, const manifest::Service& service) {
  Scope scope = context.scope;
  if (selection.project.services.size() > 1) scope.service = service.name;
  return scope;
}

Report failed_plan(const Context& context, const engine::Outcome& outcome, const manifest::Service& service) {
  auto one = outcome_context(context, service);
  return outcome_report(outcome, failure_text(outcome, one, context.err.style()),
                        outcome_value(outcome, one));
}

// The plan under a mark by which a later build knows the file for what it is.
std::string saved_plan(const plan::Plan& plan) {
  Value document = Value::object({{"mdl", "saved plan"}});
  const Value value = plan::to_value(plan);
  for (const auto& [name, member] : value.as_object()) document.set(name, member);
  return dump(document, 2) + "\n";
}

}  // namespace

Report plan_report(Context& context, const Selection& selection, const PlanChoices& choices) {
  if (!choices.out.empty() && selection.services.size() != 1)
    return usage_report(context, "--out saves the plan of one service; choose it with -s");
  auto connection = connect(context, selection.services.front().target);
  if (!connection) return error_report(context, connection.error());
  Report report{.data = true};
  Value plans = Value::array();
  bool changes = false;
  for (const auto& service : selection.services) {
    Running running(context, heading_of({service}, connection->provider), {service});
    auto made = engine::make_plan(service, connection->provider, running.environment());
    running.finish();
    if (!made) return failed_plan(context, made.error(), service);
    if (!choices.out.empty())
      if (auto saved = write_file(choices.out, saved_plan(made->plan), 0600); !saved)
        return error_report(context, saved.error());
    Value one = plan_value(made->plan);
    one.set("problems", problems_value(made->problems));
    if (made->weights) one.set("weights", weights_value(*made->weights));
    plans.push(one);
    if (!report.text.empty()) report.text += "\n";
    report.text += problem_lines(made->problems, context.out.style());
    report.text += plan_text(made->plan, scope_of(context, selection, service), context.out.style());
    if (made->weights) report.text += "\n" + weights_text(*made->weights, context.verbose);
    report.markdown += (report.markdown.empty() ? "" : "\n") + plan_markdown(made->plan);
    changes = changes || !made->plan.empty();
  }
  if (!choices.out.empty()) {
    report.text += "Saved in " + choices.out + "\n";
    report.document.set("saved", choices.out);
  }
  report.document.set("changes", changes);
  report.document.set("plans", plans);
  report.exit = changes && choices.detailed_exitcode ? 2 : 0;
  return report;
}

namespace {

int plan(Context& context, const Arguments& arguments) {
  auto selection = select(context, arguments);
  if (!selection) return finish(context, selection.error());
  return finish(context, plan_report(context, *selection,
                                     {.out = arguments.text("out"),
                                      .detailed_exitcode = arguments.has("detailed-exitcode")}));
}

}  // namespace

Command plan_command() {
  return {
      .name = "plan",
      .group = Group::every_day,
      .summary = "Show what a deploy would change, call by call",
      .options = with(
          {file_option(),
           target_option(),
           services_option(),
           set_option(),
           {.names = "--out",
            .type = OptionType::text,
            .value = "FILE",
            .help = "Save the plan for `mdl deploy --plan`",
            .completes = Completes::files},
           {.names = "--detailed-exitcode", .help = "Exit 2 when there are changes, 0 when there are none"},
           output_option({"text", "json", "yaml", "markdown"})},
          common_options()),
      .examples = {{"mdl plan -t prod", "What would change in prod"},
                   {"mdl plan --out p.json && mdl deploy --plan p.json", "Look first, then do exactly that"},
                   {"mdl plan -o markdown", "A comment for a pull request"}},
      .run = plan};
}

}  // namespace mdl::cli
