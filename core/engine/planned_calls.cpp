#include <set>

#include "core/engine/apply.hpp"
#include "core/engine/hooks.hpp"
#include "core/engine/planner.hpp"
#include "core/engine/settle.hpp"

namespace mdl::engine {

namespace {

void append(std::vector<std::string>& calls, const std::vector<plan::Change>& changes) {
  for (const auto& group : groups(changes))
    for (const auto* change : group) calls.push_back(plan::identity(*change));
}

void append_promotes(std::vector<std::string>& calls, const plan::Plan& plan,
                     const manifest::Rollout& rollout) {
  if (plan.release == 0) {  // of what is live already: it is started again
    for (const auto& change : plan.changes)
      if (std::holds_alternative<plan::Promote>(change)) calls.push_back(plan::identity(change));
    return;
  }
  const int stable = plan.live.release();
  const auto promote = [&](const plan::Split& to) {
    calls.push_back(plan::identity(plan::Change(plan::Promote{plan.live.split, to})));
  };
  if (rollout.strategy == manifest::Strategy::canary && stable != 0 && stable != plan.release)
    for (const double step : rollout.steps)
      if (step < 1) promote({{stable, 1 - step}, {plan.release, step}});
  promote({{plan.release, 1.0}});
}

// The entries that settle will write after the promote.
void append_updates(std::vector<std::string>& calls, const plan::Plan& plan, const Snapshot& snapshot) {
  auto stored = snapshot.stored;
  auto live = plan.live;
  int own = plan.release;
  if (own == 0 && live.rests_for != 0) {
    own = live.release();
    live.revision = "moved";
  }
  if (plan.release != 0) {
    live = {.split = {{plan.release, 1.0}}, .revision = "moved"};
    if (!snapshot.record(plan.release)) {
      release::Record record;
      record.number = record.runs = plan.release;
      stored.insert(stored.begin(), record);
    }
  }
  std::set<int> removed;
  for (const auto& change : plan.changes)
    if (const auto* removal = std::get_if<plan::Delete>(&change); removal && removal->release != 0)
      removed.insert(removal->release);
  for (const auto& record : stored) {
    if (!leaves_resources(record, own, live, plan.live.release()) || removed.contains(record.number))
      continue;
    for (const auto& resource : snapshot.resources)
      if (resource.release == record.number)
        calls.push_back(plan::identity(plan::Delete{resource.id, resource.release, resource.revision}));
  }
  for (const auto& record : unsettled(stored, plan.live, live, own, removed, Time{}))
    calls.push_back("update record " + std::to_string(record.number));
}

// A hook that the release's record does not call done yet runs, and is noted there.
void append_hook(std::vector<std::string>& calls, const std::string& name,
                 const std::vector<std::string>& command, int release, const Snapshot& snapshot) {
  const auto* record = snapshot.record(release);
  if (command.empty() || (record && hook_done(*record, name))) return;
  calls.push_back("hook " + name);
  calls.push_back("update record " + std::to_string(release));
}

}  // namespace

std::vector<std::string> planned_calls(const plan::Plan& plan, const Wanted& wanted,
                                       const Snapshot& snapshot) {
  std::vector<std::string> calls;
  const auto parts = phases(plan);
  const auto& hooks = wanted.service.hooks;
  if (plan.release != 0) {
    const auto* known = snapshot.record(plan.release);
    if (!known || (known->state != release::State::pending && known->state != release::State::live))
      calls.push_back("append record " + std::to_string(plan.release));
    append_hook(calls, "pre-deploy", hooks.pre_deploy, plan.release, snapshot);
    if (!wanted.secret_versions.empty()) calls.emplace_back("keep secrets");
  }
  append(calls, parts.beside);
  for (const auto& change : plan.changes)
    if (std::holds_alternative<plan::Rest>(change)) calls.push_back(plan::identity(change));
  append(calls, parts.alone);
  if (goes_on(plan)) calls.push_back("wake release " + std::to_string(plan.release));
  append_promotes(calls, plan, rollout_of(plan, wanted.service));
  append(calls, parts.after);
  append_updates(calls, plan, snapshot);
  append_hook(calls, "post-deploy", hooks.post_deploy, plan.release != 0 ? plan.release : plan.live.release(),
              snapshot);
  return calls;
}

}  // namespace mdl::engine
