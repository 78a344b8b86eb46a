#pragma once

#include <string>
#include <vector>

#include "core/plan/change.hpp"
#include "core/provider/provider.hpp"

// What a service needs on this machine, and how it differs from what is there. Pure.
namespace mdl::local {

// gateway, scaling and the replicas of one release, see protocol.hpp.
std::vector<plan::Desired> render(const manifest::Service& service, const provider::ReleaseInfo& release);

// By the rules of protocol.hpp. Fields bear the manifest's words ("resources.memory", "scale.max",
// "env.LOG_LEVEL"; "code" is the artifact), so that a view finds their units in the table of fields.
std::vector<plan::FieldDiff> differences(const plan::Desired& desired, const plan::Observed& observed);

// The resources in a service's state.
std::vector<plan::Observed> observed_in(const Value& state);

}  // namespace mdl::local
