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

// The same once per release: the release's record says that a hook is done, so that no later run repeats it;
// one that failed or was cut off runs again. Returns whether it ran.
Result<bool> run_hook_once(const std::string& name, const std::vector<std::string>& command,
                           const Service& service, int release, const std::string& url, Provider& provider,
                           Calls& calls, StageScope& stage);

// Whether the record says that a hook is done.
bool hook_done(const release::Record& record, std::string_view name);

}  // namespace mdl::engine
