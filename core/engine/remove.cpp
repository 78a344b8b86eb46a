#include <algorithm>

#include "core/engine/apply.hpp"
#include "core/engine/drain.hpp"
#include "core/engine/planner.hpp"
#include "core/engine/rollout.hpp"
#include "core/engine/settle.hpp"

// What takes resources away: destroy, gc, and undoing a stopped run.
namespace mdl::engine {

namespace {

// A pending release younger than this may belong to a deploy under way; older ones were left by a stopped
// run.
constexpr std::chrono::hours may_be_under_way{1};

// For what serves to be healthy again after a rest.
constexpr Milliseconds start_time{120'000};

std::vector<plan::Change> deletes(const std::vector<plan::Observed>& resources) {
  std::vector<plan::Change> changes;
  for (const auto& resource : resources)
    changes.emplace_back(plan::Delete{resource.id, resource.release, resource.revision});
  return changes;
}

Result<void> destroy_all(const ServiceRef& ref, bool keep_logs, Provider& provider, Environment& env,
                         Calls& calls, Outcome& outcome) {
  MDL_TRY(auto snapshot, observe(ref, provider));
  const auto leave_logs = [&](std::vector<plan::Observed>& resources) {
    if (keep_logs)
      std::erase_if(resources, [&](const auto& one) { return one.id.kind == provider.logs->kept_in(); });
  };
  leave_logs(snapshot.resources);
  outcome.serving = snapshot.live.release();
  if (snapshot.resources.empty() && snapshot.records.empty() && snapshot.live.split.empty()) {
    outcome.nothing_to_do = true;
    return {};
  }
  StageScope stage(env, ref.service, Stage::prune);
  auto live = snapshot.live;
  if (!live.split.empty()) MDL_CHECK(swap_live(ref, live, {}, provider, calls));
  outcome.serving = 0;
  MDL_TRY(auto resources, provider.resources->list(ref));
  leave_logs(resources);
  MDL_CHECK(apply(deletes(resources), ref, provider, {live.revision}, calls, env, stage));
  MDL_CHECK(calls.make("erase records", [&] { return provider.releases->erase(ref); }));
  stage.end("everything of " + ref.service + " is removed");
  return {};
}

// Resources of releases that neither serve nor are kept, and their numbers.
Result<void> collect(const ServiceRef& ref, int keep, bool dry_run, Provider& provider, Environment& env,
                     Calls& calls, Outcome& outcome, std::vector<plan::ResourceId>* removed) {
  MDL_TRY(auto snapshot, observe(ref, provider));
  outcome.serving = snapshot.live.release();
  std::vector<plan::Desired> shared;  // gc never touches what all releases share
  for (const auto& resource : snapshot.resources)
    if (resource.release == 0) shared.push_back({.id = resource.id});
  auto kept = kept_releases(snapshot, keep, 0);
  for (const auto& record : snapshot.records)
    if (record.state == release::State::pending && env.clock.now() - record.created < may_be_under_way)
      kept.push_back(record.runs);
  const auto changes = removals(snapshot, kept, shared);
  std::set<int> releases;
  for (const auto& change : changes) {
    const auto& removal = std::get<plan::Delete>(change);
    releases.insert(removal.release);
    if (removed) removed->push_back(removal.id);
  }
  outcome.nothing_to_do = changes.empty();
  if (dry_run || changes.empty()) return {};
  StageScope stage(env, ref.service, Stage::prune);
  MDL_CHECK(apply(changes, ref, provider, {snapshot.live.revision}, calls, env, stage));
  return settle(ref, snapshot.live, snapshot.live, 0, releases, provider, calls, env);
}

// Removes what pending releases made, returns a canary's traffic, and closes their entries.
Result<void> undo_pending(const ServiceRef& ref, Provider& provider, Environment& env, Calls& calls,
                          Outcome& outcome) {
  MDL_TRY(auto snapshot, observe(ref, provider));
  outcome.serving = snapshot.live.release();
  auto live = snapshot.live;
  const plan::Split whole{{live.release(), 1.0}};
  outcome.woken = live.rests_for != 0;
  if (outcome.woken) MDL_CHECK(wake_live(ref, live, whole, start_time, provider, calls, env));
  if (live.split.size() > 1) MDL_CHECK(swap_live(ref, live, whole, provider, calls));
  MDL_TRY(auto records, provider.releases->list(ref));
  settle_states(records, live);
  std::vector<plan::Observed> theirs;
  std::vector<int> pending;
  for (const auto& record : records) {
    if (record.state != release::State::pending) continue;
    pending.push_back(record.number);
    if (record.runs != record.number) continue;  // a rollback made no resources
    std::ranges::copy_if(snapshot.resources, std::back_inserter(theirs),
                         [&](const plan::Observed& o) { return o.release == record.number; });
  }
  if (pending.empty() && snapshot.live.split.size() <= 1 && !outcome.woken) {
    outcome.nothing_to_do = true;
    return {};
  }
  StageScope stage(env, ref.service, Stage::prune);
  MDL_CHECK(apply(deletes(theirs), ref, provider, {live.revision}, calls, env, stage));
  for (const int number : pending) MDL_CHECK(mark_failed(ref, number, "aborted", provider, calls));
  MDL_CHECK(settle(ref, snapshot.live, live, 0, {}, provider, calls, env));
  outcome.release = pending.empty() ? 0 : pending.front();
  stage.end("release " + std::to_string(outcome.release) + " undone");
  return {};
}

template <class F>
Outcome run_removal(const ServiceRef& ref, const std::string& command, Provider& provider, Environment& env,
                    F work) {
  const auto begun = env.clock.elapsed();
  Outcome outcome;
  outcome.ref = ref;
  Calls calls(env, ref, command);
  if (Result<void> done = work(calls, outcome); !done) {
    const auto kind = done.error().kind;
    fail_with(outcome, std::move(done).error(), Stage::prune);
    if (kind == ErrorKind::conflict) {
      tell_winner(outcome, provider);
      calls.finish();
    } else if (kind != ErrorKind::interrupted) {
      outcome.exit = calls.made() == 0 ? Exit::failed : Exit::attention;
    }
  } else {
    calls.finish();
  }
  outcome.duration = std::chrono::duration_cast<Milliseconds>(env.clock.elapsed() - begun);
  return outcome;
}

}  // namespace

Outcome destroy(const ServiceRef& ref, Provider& provider, Environment& env, bool keep_logs) {
  const auto* command = keep_logs ? destroy_but_logs : "destroy";
  return run_removal(ref, command, provider, env, [&](Calls& calls, Outcome& outcome) {
    return destroy_all(ref, keep_logs, provider, env, calls, outcome);
  });
}

Outcome gc(const ServiceRef& ref, int keep, bool dry_run, Provider& provider, Environment& env,
           std::vector<plan::ResourceId>* removed) {
  return run_removal(ref, "gc", provider, env, [&](Calls& calls, Outcome& outcome) {
    return collect(ref, keep, dry_run, provider, env, calls, outcome, removed);
  });
}

Outcome abort_unfinished(const ServiceRef& ref, Provider& provider, Environment& env) {
  return run_removal(ref, "resume --abort", provider, env, [&](Calls& calls, Outcome& outcome) {
    return undo_pending(ref, provider, env, calls, outcome);
  });
}

Result<std::vector<release::Record>> history(const ServiceRef& ref, Provider& provider) {
  MDL_TRY(auto records, provider.releases->list(ref));
  MDL_TRY(const auto live, provider.traffic->read(ref));
  settle_states(records, live);
  return records;
}

}  // namespace mdl::engine
