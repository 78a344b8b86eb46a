#include "core/engine/settle.hpp"

#include <algorithm>

#include "core/engine/drain.hpp"
#include "core/engine/verify.hpp"

namespace mdl::engine {

using release::Record;
using release::State;

namespace {

State settled_state(const Record& record, int own, const plan::Live& live, const std::set<int>& removed) {
  if (is_abandoned(record, own, live)) return State::failed;
  if (record.state == State::superseded && removed.contains(record.runs)) return State::pruned;
  return record.state;
}

// Deletes what the runs behind these releases had made before their fence fell.
Result<void> remove_abandoned(const ServiceRef& ref, const std::set<int>& releases, const plan::Live& live,
                              Provider& provider, Calls& calls) {
  if (releases.empty()) return {};
  MDL_TRY(const auto resources, provider.resources->list(ref));
  for (const auto& resource : resources) {
    if (!releases.contains(resource.release)) continue;
    const plan::Change removal = plan::Delete{resource.id, resource.release, resource.revision};
    MDL_CHECK(calls.make(plan::identity(removal),
                         [&] { return provider.resources->apply(ref, removal, {live.revision}); }));
  }
  return {};
}

// The history with the entry `own`, which is there: a platform may show it late.
Result<std::vector<Record>> stored_with(const ServiceRef& ref, int own, Provider& provider,
                                        Environment& env) {
  constexpr Milliseconds pause{250};
  for (Milliseconds waited{0};; waited += pause) {
    MDL_TRY(auto stored, provider.releases->list(ref));
    const bool there = own == 0 || std::ranges::find(stored, own, &Record::number) != stored.end();
    if (there || waited >= late_for) return stored;
    env.sleeper.sleep(pause);
  }
}

}  // namespace

bool is_abandoned(const Record& record, int own, const plan::Live& live) {
  if (record.state != State::pending || own == 0 || record.number == own) return false;
  const auto fence = record.extra["fence"].as_string();
  return record.number < own || (!fence.empty() && fence != live.revision);
}

bool leaves_resources(const Record& record, int own, const plan::Live& live, int served) {
  return is_abandoned(record, own, live) && record.runs == record.number && record.runs != served;
}

std::vector<Record> unsettled(const std::vector<Record>& stored, const plan::Live& before,
                              const plan::Live& live, int own, const std::set<int>& removed, Time now) {
  auto wanted = stored;
  settle_states(wanted,
                before);  // a run that was overtaken after its promote had no time to write that it was live
  settle_states(wanted, live);
  std::vector<Record> changed;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    auto& record = wanted[i];
    const bool abandoned = record.state == State::pending;
    record.state = settled_state(record, own, live, removed);
    if (abandoned && record.state == State::failed) record.reason = "another run went live first";
    const bool goes_live = record.state == State::live && record.live_since == Time{};
    if (goes_live) record.live_since = now;
    if (record.state == State::superseded && record.live_since == Time{}) record.live_since = record.created;
    if (record.state != stored[i].state || goes_live) changed.push_back(std::move(record));
  }
  return changed;
}

Result<void> settle(const ServiceRef& ref, const plan::Live& before, const plan::Live& live, int own,
                    const std::set<int>& removed, Provider& provider, Calls& calls, Environment& env,
                    std::optional<Milliseconds> started) {
  MDL_TRY(const auto stored, stored_with(ref, own, provider, env));
  MDL_TRY(const auto now, provider.traffic->read(ref));
  if (now.revision != live.revision && !calls.was_ours(now.revision))
    return fail(ErrorKind::conflict, "another run went live");
  std::set<int> abandoned;
  for (const auto& record : stored)
    if (leaves_resources(record, own, live, before.release())) abandoned.insert(record.number);
  MDL_CHECK(remove_abandoned(ref, abandoned, live, provider, calls));
  for (auto& record : unsettled(stored, before, live, own, removed, env.clock.now())) {
    if (started && record.number == own) note_start(record, *started);
    auto updated = calls.make("update record " + std::to_string(record.number),
                              [&] { return provider.releases->update(ref, record); });
    if (!updated && updated.error().kind != ErrorKind::conflict) return fail(std::move(updated).error());
  }
  return {};
}

Result<void> mark_failed(const ServiceRef& ref, int number, const std::string& reason, Provider& provider,
                         Calls& calls) {
  MDL_TRY(auto records, provider.releases->list(ref));
  for (auto& record : records) {
    if (record.number != number || record.state != State::pending) continue;
    record.state = State::failed;
    record.reason = reason;
    auto updated = calls.make("update record " + std::to_string(number),
                              [&] { return provider.releases->update(ref, record); });
    if (!updated) return fail(std::move(updated).error());
  }
  return {};
}

void tell_serving(Outcome& outcome, const Snapshot& snapshot, Provider& provider) {
  outcome.serving = snapshot.live.release();
  outcome.rests_for = snapshot.live.rests_for;
  if (auto url = provider.invoke->url(outcome.ref); url) outcome.url = *url;
  const auto previous = snapshot.restorable();
  if (previous.empty()) return;
  outcome.previous = previous.front()->runs;
  outcome.previous_restorable = true;
  outcome.previous_rehearsal = previous.front()->rehearsal;
}

void tell_serving(Outcome& outcome, Provider& provider) {
  if (const auto snapshot = observe(outcome.ref, provider)) tell_serving(outcome, *snapshot, provider);
}

void tell_winner(Outcome& outcome, Provider& provider, int claimed) {
  outcome.exit = Exit::conflict;
  const auto snapshot = observe(outcome.ref, provider);
  if (!snapshot) return;
  outcome.serving = snapshot->live.release();
  const auto* holder = claimed == 0 ? nullptr : snapshot->record(claimed);
  const bool under_way = holder && holder->state == State::pending;
  if (const auto* record = under_way ? holder : snapshot->serving()) outcome.winner = *record;
}

void fail_with(Outcome& outcome, Error error, std::optional<Stage> stage) {
  outcome.failed_stage = stage;
  switch (error.kind) {
    case ErrorKind::interrupted:
      outcome.exit = Exit::interrupted;
      break;
    case ErrorKind::conflict:
      outcome.exit = Exit::conflict;
      break;
    default:
      outcome.exit = outcome.serving != 0 ? Exit::previous_serves : Exit::failed;
      break;
  }
  outcome.error = std::move(error);
}

}  // namespace mdl::engine
