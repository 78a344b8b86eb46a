#pragma once

#include <span>

#include "core/engine/calls.hpp"
#include "core/engine/snapshot.hpp"

// Stop, then start: for two releases that cannot stand side by side.
namespace mdl::engine {

// Why a release with these resources cannot start beside what serves: "two releases need 4 GB of memory, and
// 3.1 GB can be had". Empty: it can, it is not certain that it cannot, or nothing serves.
std::string no_room(const ServiceRef& ref, std::span<const plan::Desired> fresh, const Snapshot& snapshot,
                    Provider& provider);

// The newest release whose start was measured: as long as it took, a service that drains is away.
struct LastStart {
  int release = 0;  // 0: none was measured
  Milliseconds took{0};
};
LastStart last_start(const std::vector<release::Record>& records);
// Notes in a release's record how long it took from its creation until it was healthy.
void note_start(release::Record& record, Milliseconds took);
// "the service is away for about 1.6 s, as release 7 took", or that it is not known.
std::string away_words(Milliseconds downtime, int measured);

// Whether the manifest asked that no other release runs beside this one; noted in its record.
bool stands_alone(const release::Record& record);
void note_stands_alone(release::Record& record);

// Puts what is live to rest as a journalled call; `live` becomes the new pointer.
Result<void> rest_live(const ServiceRef& ref, plan::Live& live, int room_for, Provider& provider,
                       Calls& calls);

// Ends a rest without a new release: gives all traffic as `split` says, which starts it, and waits until it
// is healthy. `live` becomes the new pointer.
Result<void> wake_live(const ServiceRef& ref, plan::Live& live, const plan::Split& split,
                       Milliseconds timeout, Provider& provider, Calls& calls, Environment& env);

// Fills an outcome, which may hold an error already, with what came of a wake: what cannot be woken needs
// attention.
void tell_woken(Outcome& outcome, Result<void> woken);

}  // namespace mdl::engine
