#pragma once

#include <span>

#include "core/engine/calls.hpp"
#include "core/engine/stage.hpp"

namespace mdl::engine {

// The order of calls: what can be made beside what serves, then (in a plan that drains) the rest of what
// serves and what needs its room, then the promote, then what is felt by what serves.
struct Phases {
  std::vector<plan::Change> beside;  // creates, and updates of what does not serve
  std::vector<plan::Change> alone;   // those of the new release, when what serves must be stopped first
  std::vector<plan::Change> after;   // what follows the live pointer, updates of what serves, then deletes
};
Phases phases(const plan::Plan& plan);

// Makes the changes in the order of their needs, independent ones side by side, each as a journalled call
// with the fence. After a failure no further call is begun; those under way end. Tells one line a change on
// `stage`.
Result<void> apply(std::span<const plan::Change> changes, const ServiceRef& ref, Provider& provider,
                   const provider::Fence& fence, Calls& calls, Environment& env, StageScope& stage);

// Groups of changes that can run side by side: each group needs only earlier ones. Deletes run in reverse.
std::vector<std::vector<const plan::Change*>> groups(std::span<const plan::Change> changes);

}  // namespace mdl::engine
