#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"

namespace mdl::engine {

// What is at a provider for one service, as read at one moment.
struct Snapshot {
  plan::Live live;
  std::vector<release::Record> records;  // newest first, with states as the live pointer says
  std::vector<plan::Observed> resources;
  std::vector<release::Record> stored;  // the records as they are written

  const release::Record* record(int number) const;
  // The newest entry whose release serves; nullptr when nothing is live.
  const release::Record* serving() const;
  const plan::Observed* resource(const plan::ResourceId& id) const;
  int next_number() const;
  // Releases that could serve again, the one that was live last first; the present one is not among them.
  std::vector<const release::Record*> restorable() const;
};

// One round of parallel reads.
Result<Snapshot> observe(const ServiceRef& ref, Provider& provider);

// The same from fewer reads, of a service with which no run is under way and none was stopped; nullopt: this
// cannot be told so cheaply.
Result<std::optional<Snapshot>> glance(const ServiceRef& ref, Provider& provider);

// Makes each record's state what the live pointer says: whatever a stopped run left unsaid. Pure.
void settle_states(std::vector<release::Record>& records, const plan::Live& live);

}  // namespace mdl::engine
