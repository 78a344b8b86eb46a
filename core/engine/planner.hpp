#pragma once

#include <map>
#include <string>

#include "core/engine/snapshot.hpp"

namespace mdl::engine {

// What is wanted of one service, besides what its manifest says.
struct Wanted {
  const Service& service;
  std::string artifact;
  std::uint64_t upload_bytes = 0;
  std::vector<plan::Fetch> fetches;  // of those bytes
  Value layers;                      // digests by the layers' kinds
  std::vector<std::string> weights;  // digests of the files
  std::map<std::string, std::string> secret_versions;
  std::vector<std::string> lost_secrets;  // of the release that serves now: why it could not be restored
  std::string no_room;  // why the new release cannot start beside the one that serves; empty: it can
};

// The plan from what is there to what is wanted. Pure: the same values give the same plan.
plan::Plan make_plan(const Wanted& wanted, const Snapshot& snapshot, const Provider& provider);

// Every mutating call that carrying the plan out makes when nothing fails, in order. Pure.
std::vector<std::string> planned_calls(const plan::Plan& plan, const Wanted& wanted,
                                       const Snapshot& snapshot);

// Digest of what makes one release differ from another besides the artifact.
std::string config_digest(const Service& service, const std::map<std::string, std::string>& secret_versions);

// Releases whose resources stay: what serves, `keep` restorable ones, and `also`.
std::vector<int> kept_releases(const Snapshot& snapshot, int keep, int also);
// Deletes of the resources of all other releases, and of shared resources that are no longer wanted.
std::vector<plan::Change> removals(const Snapshot& snapshot, const std::vector<int>& kept,
                                   const std::vector<plan::Desired>& wanted);

// Whether the release was made by an earlier run: it may rest by now, or have failed to start.
bool goes_on(const plan::Plan& plan);

// How traffic moves in this plan: as the manifest says, except where what is live is stopped first.
manifest::Rollout rollout_of(const plan::Plan& plan, const Service& service);

// The record of the release that a plan makes.
release::Record record_of(const plan::Plan& plan, const Wanted& wanted, const Environment& env);

}  // namespace mdl::engine
