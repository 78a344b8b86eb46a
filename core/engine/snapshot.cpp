#include "core/engine/snapshot.hpp"

#include <algorithm>
#include <future>
#include <set>

namespace mdl::engine {

using release::Record;
using release::State;

const Record* Snapshot::record(int number) const {
  const auto found = std::ranges::find(records, number, &Record::number);
  return found == records.end() ? nullptr : &*found;
}

const Record* Snapshot::serving() const {
  const int serves = live.release();
  if (serves == 0) return nullptr;
  for (const auto& record : records)
    if (record.runs == serves && record.state == State::live) return &record;
  return record(serves);
}

const plan::Observed* Snapshot::resource(const plan::ResourceId& id) const {
  const auto found = std::ranges::find(resources, id, &plan::Observed::id);
  return found == resources.end() ? nullptr : &*found;
}

int Snapshot::next_number() const {
  int highest = live.release();
  for (const auto& record : records) highest = std::max(highest, record.number);
  for (const auto& resource : resources) highest = std::max(highest, resource.release);
  return highest + 1;
}

std::vector<const Record*> Snapshot::restorable() const {
  std::vector<const Record*> found;
  for (const auto& record : records)
    if (record.state == State::superseded && record.runs != live.release()) found.push_back(&record);
  std::ranges::stable_sort(found, [](auto* a, auto* b) { return a->live_since > b->live_since; });
  std::set<int> seen;
  std::erase_if(found, [&](auto* record) { return !seen.insert(record->runs).second; });
  return found;
}

Result<Snapshot> observe(const ServiceRef& ref, Provider& provider) {
  auto live = std::async(std::launch::async, [&] { return provider.traffic->read(ref); });
  auto records = std::async(std::launch::async, [&] { return provider.releases->list(ref); });
  auto resources = provider.resources->list(ref);
  auto live_read = live.get();
  auto records_read = records.get();
  Snapshot snapshot;
  MDL_TRY(snapshot.live, std::move(live_read));
  MDL_TRY(snapshot.records, std::move(records_read));
  MDL_TRY(snapshot.resources, std::move(resources));
  snapshot.stored = snapshot.records;
  settle_states(snapshot.records, snapshot.live);
  return snapshot;
}

Result<std::optional<Snapshot>> glance(const ServiceRef& ref, Provider& provider) {
  MDL_TRY(auto seen, provider.resources->glance(ref));
  if (!seen) return std::nullopt;
  Snapshot snapshot{.live = std::move(seen->live),
                    .records = std::move(seen->records),
                    .resources = std::move(seen->resources)};
  snapshot.stored = snapshot.records;
  settle_states(snapshot.records, snapshot.live);
  if (snapshot.live.split.size() != 1 || snapshot.live.rests_for != 0) return std::nullopt;
  for (std::size_t i = 0; i < snapshot.stored.size(); ++i) {
    const auto stored = snapshot.stored[i].state;
    if (stored == State::pending || stored != snapshot.records[i].state) return std::nullopt;
  }
  return snapshot;
}

void settle_states(std::vector<Record>& records, const plan::Live& live) {
  const auto serves = [&](int release) {
    return std::ranges::any_of(live.split,
                               [&](const plan::Share& share) { return share.release == release; });
  };
  std::set<int> accounted;  // releases whose newest entry was seen
  for (auto& record : records) {
    if (serves(record.runs)) {
      if (record.state == State::failed || record.state == State::pruned) continue;
      // A canary's part of the traffic does not make a release live yet.
      if (record.state == State::pending && record.runs != live.release()) continue;
      const bool in_charge = accounted.insert(record.runs).second;
      if (in_charge) {
        record.state = State::live;
      } else if (record.state == State::live) {
        record.state = State::superseded;
      }
    } else if (record.state == State::live) {
      record.state = State::superseded;
    }
  }
}

}  // namespace mdl::engine
