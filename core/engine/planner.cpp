#include "core/engine/planner.hpp"

#include <algorithm>

#include "core/engine/drain.hpp"
#include "core/manifest/load.hpp"
#include "core/util/digest.hpp"

namespace mdl::engine {

using plan::Desired;
using plan::Observed;
using release::Record;
using release::State;

namespace {

// The release whose identity is wanted and that can be gone on with: the one that serves, or a pending one
// that a stopped run left. 0 when a new one must be made.
int existing_release(const std::string& identity, const Snapshot& snapshot) {
  const int serves = snapshot.live.release();
  if (const auto* record = snapshot.record(serves); record && record->identity() == identity) return serves;
  for (const auto& record : snapshot.records)
    if (record.state == State::pending && record.runs == record.number && record.number > serves &&
        record.identity() == identity)
      return record.number;
  return 0;
}

bool drifted(const Desired& desired, const Snapshot& snapshot, const Provider& provider) {
  const auto* observed = snapshot.resource(desired.id);
  return desired.release != 0 && observed && !provider.resources->diff(desired, *observed).empty();
}

// Whether the weights are all that two artifacts differ in, by the digests of their layers.
bool differ_in_weights_only(const Value& serving, const Value& wanted) {
  const auto weights = oci::to_string(oci::LayerKind::weights);
  if (!serving.is_object() || serving[weights] == wanted[weights]) return false;
  auto without = [&](Value layers) {
    layers.erase(weights);
    return layers;
  };
  return without(serving) == without(wanted);
}

// Creates and updates for what differs; the ids of what does not.
void compare(const std::vector<Desired>& wanted, const Snapshot& snapshot, const Provider& provider,
             plan::Plan& plan) {
  for (const auto& desired : wanted) {
    const auto* observed = snapshot.resource(desired.id);
    if (!observed) {
      plan.changes.emplace_back(plan::Create{desired});
    } else if (auto fields = provider.resources->diff(desired, *observed); !fields.empty()) {
      plan.changes.emplace_back(plan::Update{desired, observed->revision, std::move(fields)});
    } else {
      plan.unchanged.push_back(desired.id);
    }
  }
}

void judge_restorable(const Wanted& wanted, plan::Plan& plan) {
  if (plan.live.split.empty()) return;
  if (!wanted.lost_secrets.empty()) {
    plan.restorable = false;
    plan.restorable_reason = "secret " + wanted.lost_secrets.front() + " of release " +
                             std::to_string(plan.live.release()) + " can no longer be read";
  } else if (wanted.service.rollout.keep < 1) {
    plan.restorable = false;
    plan.restorable_reason = "rollout.keep is 0, so no earlier release is kept";
  }
}

// Why what is live is stopped before the new release starts; empty: both stand side by side.
std::string reason_to_drain(const Wanted& wanted, const plan::Live& live) {
  if (live.split.empty()) return {};
  const auto serves = "release " + std::to_string(live.release());
  if (live.rests_for != 0) return serves + " is at rest already";
  const auto& rollout = wanted.service.rollout;
  if (rollout.strategy == manifest::Strategy::drain) return "rollout.strategy is drain";
  const bool chosen = wanted.service.sources.contains("rollout.strategy") ||
                      rollout.strategy != manifest::Strategy::all_at_once;
  return chosen ? "" : wanted.no_room;
}

// Stops what is live before the first change that makes the new release.
void add_rest(const Snapshot& snapshot, plan::Plan& plan) {
  const auto first = std::ranges::find_if(plan.changes, [&](const plan::Change& change) {
    const auto* create = std::get_if<plan::Create>(&change);
    return create && create->desired.release == plan.release;
  });
  plan.changes.insert(first, plan::Rest{snapshot.live.release(), plan.release});
  const auto last = last_start(snapshot.records);
  plan.measured = last.release;
  plan.downtime = last.took;
}

}  // namespace

bool goes_on(const plan::Plan& plan) {
  return plan.release != 0 && std::ranges::none_of(plan.changes, [&](const plan::Change& change) {
           const auto* create = std::get_if<plan::Create>(&change);
           return create && create->desired.release == plan.release;
         });
}

manifest::Rollout rollout_of(const plan::Plan& plan, const Service& service) {
  auto rollout = service.rollout;
  if (!plan.drains.empty()) rollout.strategy = manifest::Strategy::drain;
  return rollout;
}

std::string config_digest(const Service& service, const std::map<std::string, std::string>& secret_versions) {
  Value config = manifest::release_config(service);
  Value versions = Value::object();
  for (const auto& [name, version] : secret_versions) versions.set(name, version);
  config.set("secret_versions", std::move(versions));
  return sha256(dump_canonical(config));
}

std::vector<int> kept_releases(const Snapshot& snapshot, int keep, int also) {
  std::vector<int> kept;
  for (const auto& share : snapshot.live.split) kept.push_back(share.release);
  if (also != 0) kept.push_back(also);
  for (const auto* record : snapshot.restorable()) {
    if (keep <= 0) break;
    if (std::ranges::find(kept, record->runs) != kept.end()) continue;
    kept.push_back(record->runs);
    --keep;
  }
  return kept;
}

std::vector<plan::Change> removals(const Snapshot& snapshot, const std::vector<int>& kept,
                                   const std::vector<Desired>& wanted) {
  std::vector<plan::Change> changes;
  for (const auto& resource : snapshot.resources) {
    const bool stays =
        resource.release == 0
            ? std::ranges::any_of(wanted, [&](const Desired& d) { return d.id == resource.id; })
            : std::ranges::find(kept, resource.release) != kept.end();
    if (!stays) changes.emplace_back(plan::Delete{resource.id, resource.release, resource.revision});
  }
  return changes;
}

plan::Plan make_plan(const Wanted& wanted, const Snapshot& snapshot, const Provider& provider) {
  plan::Plan plan;
  plan.service = {.service = wanted.service.name, .target = wanted.service.target.name};
  plan.provider = provider.name;
  plan.place = provider.place;
  plan.live = snapshot.live;
  plan.artifact = wanted.artifact;
  plan.config = manifest::release_config(wanted.service);
  plan.identity = wanted.artifact + "+" + config_digest(wanted.service, wanted.secret_versions);
  if (const auto* record = snapshot.serving()) {
    plan.previous_artifact = record->artifact;
    plan.weights_only = differ_in_weights_only(record->extra["layers"], wanted.layers);
  }

  const auto desire = [&](int number) {
    return provider.resources->desired(wanted.service, {number, wanted.artifact, wanted.secret_versions});
  };
  int number = existing_release(plan.identity, snapshot);
  std::vector<Desired> desired;
  if (number != 0) {
    desired = desire(number);
    // A release is immutable: one that was changed by hand is replaced by a new one beside it.
    if (std::ranges::any_of(desired, [&](const Desired& d) { return drifted(d, snapshot, provider); }))
      number = 0;
  }
  if (number == 0) {
    number = snapshot.next_number();
    desired = desire(number);
  }
  const bool serves_already = snapshot.live.split.size() == 1 && snapshot.live.release() == number;
  plan.release = serves_already ? 0 : number;

  compare(desired, snapshot, provider, plan);
  if (serves_already && plan.live.rests_for != 0)
    plan.changes.emplace_back(plan::Promote{snapshot.live.split, snapshot.live.split});
  if (!serves_already) {
    plan.drains = reason_to_drain(wanted, snapshot.live);
    if (!plan.drains.empty()) add_rest(snapshot, plan);
    plan.upload_bytes = wanted.upload_bytes;
    plan.fetches = wanted.fetches;
    plan.changes.emplace_back(plan::Promote{snapshot.live.split, {{number, 1.0}}});
    judge_restorable(wanted, plan);
  }
  // What was live becomes restorable by the promote, so it takes one of the kept places.
  const int keep = wanted.service.rollout.keep - (serves_already || snapshot.live.split.empty() ? 0 : 1);
  auto kept = kept_releases(snapshot, keep, number);
  if (!serves_already) {
    std::erase_if(kept, [&](int release) {
      const auto* record = snapshot.record(release);
      const bool canary = record && record->state == State::pending;  // its run can no longer win
      return release != number && (canary || wanted.service.rollout.keep < 1);
    });
  }
  for (auto& change : removals(snapshot, kept, desired)) plan.changes.push_back(std::move(change));
  plan.calls = planned_calls(plan, wanted, snapshot);
  return plan;
}

Record record_of(const plan::Plan& plan, const Wanted& wanted, const Environment& env) {
  Record record;
  record.number = record.runs = plan.release;
  record.artifact = wanted.artifact;
  record.config = config_digest(wanted.service, wanted.secret_versions);
  record.secret_versions = wanted.secret_versions;
  record.author = env.author();
  record.created = env.clock.now();
  record.how = "deploy";
  record.extra = Value::object({{"fence", plan.live.revision}, {"layers", wanted.layers}});
  record.weights = wanted.weights;
  if (wanted.service.rollout.strategy == manifest::Strategy::drain) note_stands_alone(record);
  record.resources = Value::array();
  for (const auto& change : plan.changes)
    if (const auto* create = std::get_if<plan::Create>(&change);
        create && create->desired.release == plan.release)
      record.resources.push(plan::to_value(create->desired));
  return record;
}

}  // namespace mdl::engine
