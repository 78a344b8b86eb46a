#include <set>

#include "core/engine/apply.hpp"
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
  if (plan.release != 0) {
    live.split = {{plan.release, 1.0}};
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
  for (const auto& record : unsettled(stored, plan.live, live, plan.release, removed, Time{}))
    calls.push_back("update record " + std::to_string(record.number));
}

}  // namespace

std::vector<std::string> planned_calls(const plan::Plan& plan, const Wanted& wanted,
                                       const Snapshot& snapshot) {
  std::vector<std::string> calls;
  if (plan.changes.empty()) return calls;
  const auto parts = phases(plan);
  if (plan.release != 0) {
    if (!wanted.service.hooks.pre_deploy.empty()) calls.emplace_back("hook pre-deploy");
    const auto* known = snapshot.record(plan.release);
    if (!known || known->state != release::State::pending)
      calls.push_back("append record " + std::to_string(plan.release));
    if (!wanted.secret_versions.empty()) calls.emplace_back("keep secrets");
  }
  append(calls, parts.beside);
  if (plan.release != 0) append_promotes(calls, plan, wanted.service.rollout);
  append(calls, parts.after);
  append_updates(calls, plan, snapshot);
  if (plan.release != 0 && !wanted.service.hooks.post_deploy.empty()) calls.emplace_back("hook post-deploy");
  return calls;
}

}  // namespace mdl::engine
