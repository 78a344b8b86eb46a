#pragma once

#include "core/engine/calls.hpp"
#include "core/engine/stage.hpp"

namespace mdl::engine {

// Runs one of the manifest's hooks in the service's folder as a journalled call, with MDL_HOOK, MDL_SERVICE,
// MDL_TARGET, MDL_RELEASE and MDL_URL in its environment. Errors: failed, with its last lines, when it does
// not exit 0.
Result<void> run_hook(const std::string& name, const std::vector<std::string>& command,
                      const Service& service, int release, const std::string& url, Calls& calls,
                      StageScope& stage);

}  // namespace mdl::engine
