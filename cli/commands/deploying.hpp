#pragma once

#include <string>
#include <vector>

#include "cli/commands/report.hpp"
#include "core/engine/engine.hpp"

namespace mdl::cli {

// Deploys the services (all of one target) together: what `deploy` and `resume` do.
Report deploy_services(Context& context, const std::vector<manifest::Service>& services,
                       engine::DeployRequest request, const std::string& saved_plan);

}  // namespace mdl::cli
