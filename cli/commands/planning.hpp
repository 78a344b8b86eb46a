#pragma once

#include "cli/commands/project.hpp"
#include "cli/commands/report.hpp"

namespace mdl::cli {

struct PlanChoices {
  std::string out;  // file that the plan is saved in; empty: it is not
  bool detailed_exitcode = false;
};

// Plans every chosen service: what `plan` and `deploy --dry-run` do.
Report plan_report(Context& context, const Selection& selection, const PlanChoices& choices = {});

}  // namespace mdl::cli
