#include "cli/views/validate.hpp"

#include <algorithm>

#include "cli/commands/options.hpp"
#include "cli/commands/project.hpp"
#include "cli/wiring.hpp"
#include "core/engine/engine.hpp"

namespace mdl::cli {

namespace {

void add_new(std::vector<manifest::Problem>& all, const std::vector<manifest::Problem>& more) {
  for (const auto& problem : more)
    if (std::ranges::find(all, problem) == all.end()) all.push_back(problem);
}

// What the target's published limits and refused fields say of the services. Not what only a machine can
// tell: that is for deploy and doctor. A target whose provider this version does not have has no limits to
// look at.
std::vector<manifest::Problem> limit_problems(const Context& context,
                                              const std::vector<manifest::Service>& services) {
  std::vector<manifest::Problem> out;
  auto connection = connect(context, services.front().target);
  if (!connection) return out;
  const oci::LayerPlan no_artifact;
  for (const auto& service : services)
    add_new(out, engine::preflight(service, &no_artifact, connection->provider));
  return out;
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
    add_new(validation.problems, project->warnings);
    add_new(validation.problems, limit_problems(context, project->services));
    validation.targets.push_back(project->target);
    if (validation.services.empty())
      for (const auto& service : project->services) validation.services.push_back(service.name);
  }
  Report report{.exit = validation.ok() ? 0 : 1, .document = validate_value(validation), .data = true};
  report.text = validate_text(validation, context.out.style());
  return finish(context, report);
}

}  // namespace

Command validate_command() {
  return {.name = "validate",
          .group = Group::start,
          .summary = "Check the manifest: all problems at once, each with its line",
          .options = with({file_option(), target_option(), set_option(), output_option()},
                          {common_options().back()}),
          .examples = {{"mdl validate", "Check mdl.yaml for every target that it names"},
                       {"mdl validate -t prod --set scale.max=50", "For one target, with a field changed"},
                       {"mdl validate -o json", "The problems for a program"}},
          .run = validate};
}

}  // namespace mdl::cli
