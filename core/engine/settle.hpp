#pragma once

#include <set>

#include "core/engine/calls.hpp"
#include "core/engine/snapshot.hpp"

namespace mdl::engine {

// Whether an entry's run can no longer win after release `own` (0: none) went live. An entry says which
// revision of the live pointer its run read: once the pointer moved, that run's fence has fallen. One without
// is judged by its number. Pure.
bool is_abandoned(const release::Record& record, int own, const plan::Live& live);

// Whether resources of an abandoned run may be left: those of a release of its own, which `served` (0: none)
// did not serve before. Pure.
bool leaves_resources(const release::Record& record, int own, const plan::Live& live, int served);

// The entries of `stored` that must be written for the history to say what the live pointer says, which was
// `before` and is `live` now; see settle. Pure.
std::vector<release::Record> unsettled(const std::vector<release::Record>& stored, const plan::Live& before,
                                       const plan::Live& live, int own, const std::set<int>& removed,
                                       Time now);

// Brings the history in line with the live pointer, which was `before` and is `live` now. The entry `own` (0:
// none) that went live gets its time, what it replaced becomes superseded. Pending entries older than `own`,
// or made for a pointer that has moved since, belong to runs that can no longer win: what they made is
// removed and they become failed. Entries whose release is in `removed` become pruned. An entry that another
// run changed meanwhile is left to it. `started`: how long `own` took until it was healthy, when this run
// measured it; noted in its entry. Errors: conflict, with nothing changed, when the pointer moved on.
Result<void> settle(const ServiceRef& ref, const plan::Live& before, const plan::Live& live, int own,
                    const std::set<int>& removed, Provider& provider, Calls& calls, Environment& env,
                    std::optional<Milliseconds> started = {});

// Marks one entry failed, for the history.
Result<void> mark_failed(const ServiceRef& ref, int number, const std::string& reason, Provider& provider,
                         Calls& calls);

// Fills an outcome with who won: the entry that holds the number `claimed`, which this run could not have,
// while its run is under way; else (0: no number was contested) the newest entry whose release serves now.
void tell_winner(Outcome& outcome, Provider& provider, int claimed = 0);
// Fills what serves now and what could be restored; from a snapshot, or by reading anew.
void tell_serving(Outcome& outcome, const Snapshot& snapshot, Provider& provider);
void tell_serving(Outcome& outcome, Provider& provider);

// The exit code and words of an error before anything live was touched; `serving` is the release that serves.
void fail_with(Outcome& outcome, Error error, std::optional<Stage> stage);

}  // namespace mdl::engine
