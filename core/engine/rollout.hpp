#pragma once

#include "core/engine/calls.hpp"
#include "core/engine/stage.hpp"

namespace mdl::engine {

// Moves traffic from what is live to `release` by the strategy: at once, or by the canary's steps with a hold
// and the gate after each. `live` is the expected pointer and becomes the new one. When the gate says no, all
// traffic returns to what was live and the error is of kind failed, code "gate". Errors: conflict when
// another run moved the pointer.
Result<void> promote(const ServiceRef& ref, int release, const manifest::Rollout& rollout, plan::Live& live,
                     Provider& provider, Calls& calls, Environment& env);

// One compare-and-swap as a journalled call.
Result<void> swap_live(const ServiceRef& ref, plan::Live& live, const plan::Split& wanted, Provider& provider,
                       Calls& calls);

// Why the new release must not get more traffic, from what was measured since `since`; "" when nothing speaks
// against it.
std::string gate_verdict(const provider::MetricsReport& report, int release, const manifest::Gate& gate);

}  // namespace mdl::engine
