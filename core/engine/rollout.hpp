#pragma once

#include "core/engine/calls.hpp"
#include "core/engine/stage.hpp"

namespace mdl::engine {

// Moves traffic from what is live to `release` by the strategy:
//   all-at-once, and any strategy when nothing else is live: one swap;
//   canary: the steps, each held for its time, then all of it;
//           during a step `mdl promote` may give the release more, or all, by hand;
//   blue-green: all of it at once, then, with a gate, watched for the hold with the old release at hand.
// `live` is the expected pointer and becomes the new one. With a gate (gate/gate.hpp) it is looked at each
// second; when it says no, all traffic returns to what was live and the error is of kind failed, code "gate".
// Errors: conflict when another run moved the pointer; interrupted, with the traffic as it is; unavailable
// when the platform's figures could not be read for `blind_for`, after the traffic was returned.
Result<void> promote(const ServiceRef& ref, int release, const manifest::Rollout& rollout, plan::Live& live,
                     Provider& provider, Calls& calls, Environment& env);

// A rollout goes on without figures no longer than this.
inline constexpr Milliseconds blind_for{10'000};

// Makes a call that moves the live pointer, journalled as `change`; `live` becomes the new pointer. Without
// an answer it may have been made: then `made` tells by a pointer that is read whether it was, so that this
// run does not take itself for another one that won.
Result<void> move_live(const ServiceRef& ref, plan::Live& live, const plan::Change& change,
                       const std::function<Result<plan::Live>()>& call,
                       const std::function<bool(const plan::Live&)>& made, Provider& provider, Calls& calls);

// One compare-and-swap as a journalled call.
Result<void> swap_live(const ServiceRef& ref, plan::Live& live, const plan::Split& wanted, Provider& provider,
                       Calls& calls);

}  // namespace mdl::engine
