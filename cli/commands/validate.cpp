#include "cli/views/validate.hpp"

#include <algorithm>

#include "cli/commands/options.hpp"
#include "cli/commands/project.hpp"
#include "cli/wiring.hpp"
#include "core/engine/weights.hpp"

namespace mdl::cli {

namespace {

using Weights = std::pair<std::string, engine::WeightsReport>;

void add_new(std::vector<manifest::Problem>& all, const std::vector<manifest::Problem>& more) {
  for (const auto& problem : more)
    if (std::ranges::find(all, problem) == all.end()) all.push_back(problem);
}

// What the target's published limits, refused fields and the weights' headers say of the services. Not what
// only a machine can tell: that is for deploy and doctor. A target whose provider this version does not have
// has no limits to look at.
void check_limits(const Context& context, const std::vector<manifest::Service>& services,
                  Validation& validation) {
  auto connection = connect(context, services.front().target);
  if (!connection) return;
  const oci::LayerPlan no_artifact;
  for (const auto& service : services) {
    add_new(validation.problems, engine::preflight(service, &no_artifact, connection->provider));
    auto check =
        engine::check_weights(service, nullptr, connection->provider, state_path(context, "files.cache"));
    add_new(validation.problems, check.problems);
    if (check.runs_code) add_new(validation.problems, {*check.runs_code});
    const bool first =
        std::ranges::find(validation.weights, service.name, &Weights::first) == validation.weights.end();
    if (check.report && first) validation.weights.emplace_back(service.name, std::move(*check.report));
  }
}

int validate(Context& context, const Arguments& arguments) {
  const std::string path = manifest_path(arguments);
  auto options = load_options(context, arguments);
  auto targets = manifest::target_names(path, options);
  if (!options.target.empty() || targets.empty()) targets = {options.target};
  Validation validation{.file = path};
  for (const auto& target : targets) {
    options.target = target;
    auto project = manifest::load(path, options);
    if (!project) {
      add_new(validation.problems, project.error());
      continue;
    }
    check_limits(context, project->services, validation);
    validation.targets.push_back(project->target);
    if (validation.services.empty())
      for (const auto& service : project->services) validation.services.push_back(service.name);
  }
  Report report{.exit = validation.ok() ? 0 : 1, .document = validate_value(validation), .data = true};
  report.text = validate_text(validation, context.out.style(), context.verbose);
  return finish(context, report);
}

}  // namespace

Command validate_command() {
  return {.name = "validate",
          .group = Group::start,
          .summary = "Check the manifest: all problems at once, each with its line",
          .options = with({file_option(), target_option(), set_option(), output_option()},
                          {{.names = "-v,--verbose",
                            .help = "Show how the memory that weights need comes about",
                            .environment = "MDL_VERBOSE"},
                           common_options().back()}),
          .examples = {{"mdl validate", "Check mdl.yaml for every target that it names"},
                       {"mdl validate -t prod --set scale.max=50", "For one target, with a field changed"},
                       {"mdl validate -o json", "The problems for a program"}},
          .run = validate};
}

}  // namespace mdl::cli
