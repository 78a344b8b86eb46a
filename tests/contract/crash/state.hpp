#pragma once

#include "core/engine/engine.hpp"

namespace mdl::contract {

// All that a provider keeps of one service, in a form that is equal when two lives came to the same end:
// release numbers are replaced by what the release is (artifact and configuration), times and revisions left
// out. Orphans are resources of a release that neither serves nor can be restored; pending are entries that
// nobody will finish.
struct ProviderState {
  Value live;          // [[identity, weight], …]
  Value resources;     // [[kind, identity or "shared", spec], …], sorted
  bool rests = false;  // what is live was stopped
  std::vector<std::string> orphans;
  std::vector<int> pending;
};

Result<ProviderState> state_of(const release::ServiceRef& ref, provider::Provider& provider);

// The differences in words, empty when equal.
std::string difference(const ProviderState& expected, const ProviderState& got);

}  // namespace mdl::contract
