// What a deploy does before its first mutating call: check, build, plan.
#include <algorithm>

#include "core/engine/deploy_run.hpp"
#include "core/engine/drain.hpp"
#include "core/engine/settle.hpp"
#include "core/engine/weights.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::engine {

namespace {

bool certain(const std::vector<manifest::Problem>& problems) {
  return std::ranges::any_of(problems,
                             [](const auto& p) { return p.severity == manifest::Severity::certain; });
}

}  // namespace

void DeployRun::say_once(manifest::Problem problem) {
  if (std::ranges::find(outcome.problems, problem) == outcome.problems.end())
    outcome.problems.push_back(std::move(problem));
}

void DeployRun::look_at_weights(const oci::LayerPlan* layers) {
  auto check = check_weights(service, layers, provider_, env_.stat_cache);
  weights_ = std::move(check.report);
  for (auto& problem : check.problems) say_once(std::move(problem));
  runs_code_ = std::move(check.runs_code);
}

// A warning at each deploy of the same weights would teach to read over warnings.
void DeployRun::warn_of_code_in_weights() {
  const auto* serving = snapshot_ ? snapshot_->serving() : nullptr;  // a build looks at nothing that serves
  if (!runs_code_ || (serving && serving->weights == wanted_->weights && !changes_nothing_)) return;
  say_once(*runs_code_);
}

bool DeployRun::check() {
  StageScope stage(env_, service.name, Stage::check);
  outcome.problems = preflight(service, nullptr, provider_);
  look_at_weights(nullptr);
  const auto limits = counted(provider_.limits->published().size(), "limit");
  if (certain(outcome.problems)) {
    outcome.exit = Exit::failed;
    outcome.failed_stage = Stage::check;
    stage.fail(limits + ", " + counted(outcome.problems.size(), "problem"));
    return false;
  }
  stage.end(limits + ", " + counted(outcome.problems.size(), "problem"));
  return true;
}

bool DeployRun::build() {
  StageScope stage(env_, service.name, Stage::build);
  const auto on_progress = [&](const provider::Progress& progress) { stage.progress(progress); };
  const auto prepare = [&]() -> Result<void> {
    MDL_CHECK(provider_.artifacts->prepare(service, on_progress));
    MDL_TRY(const auto platform, provider_.artifacts->platform(service));
    MDL_TRY(auto remotes, provider_.artifacts->resolve(service));
    MDL_TRY(layers_, oci::plan_layers({.service = service,
                                       .platform = platform.platform,
                                       .python = platform.python,
                                       .front = platform.front,
                                       .servers = platform.servers,
                                       .stat_cache = env_.stat_cache,
                                       .remotes = std::move(remotes),
                                       .store = changes_nothing_ ? "" : platform.store}));
    MDL_TRY(missing_, provider_.artifacts->missing(service, layers_));
    return {};
  };
  if (auto prepared = prepare(); !prepared) {
    stage.fail(prepared.error().message);
    return stop(std::move(prepared).error(), Stage::build);
  }
  for (auto& problem : preflight(service, &layers_, provider_)) say_once(std::move(problem));
  if (!layers_.remotes.empty()) look_at_weights(&layers_);
  if (!certain(outcome.problems)) return true;
  outcome.exit = Exit::failed;
  outcome.failed_stage = Stage::check;
  return false;
}

std::vector<plan::Fetch> DeployRun::fetches() const {
  std::vector<plan::Fetch> out;
  for (const auto& remote : layers_.remotes)
    if (!exists(remote.stored)) out.push_back({remote.path, remote.from, remote.bytes});
  return out;
}

Result<bool> DeployRun::glance() {
  if (changes_nothing_ || request_.plan) return false;
  MDL_TRY(auto seen, engine::glance(outcome.ref, provider_));
  if (!seen || !make_plan(*wanted_, *seen, provider_).empty()) return false;
  snapshot_ = std::move(*seen);
  return true;
}

Result<void> DeployRun::look() {
  MDL_TRY(const auto versions, provider_.secrets->versions(service));
  wanted_.emplace(Wanted{.service = service,
                         .artifact = layers_.digest(),
                         .upload_bytes = missing_,
                         .fetches = fetches(),
                         .layers = layer_digests(layers_),
                         .weights = weights_digests(layers_),
                         .secret_versions = versions,
                         .lost_secrets = {},
                         .no_room = {}});
  MDL_TRY(const bool unchanged, glance());
  if (unchanged) return {};
  MDL_TRY(snapshot_, observe(outcome.ref, provider_));
  const auto* serving = snapshot_->serving();
  if (serving && !serving->secret_versions.empty()) {
    MDL_TRY(wanted_->lost_secrets, provider_.secrets->lost(outcome.ref, serving->secret_versions));
  }
  return {};
}

void DeployRun::consider_room() {
  if (plan_.release == 0 || plan_.live.split.empty() || !plan_.drains.empty()) return;
  const auto fresh =
      provider_.resources->desired(service, {plan_.release, wanted_->artifact, wanted_->secret_versions});
  wanted_->no_room = no_room(outcome.ref, fresh, *snapshot_, provider_);
  if (wanted_->no_room.empty()) return;
  plan_ = make_plan(*wanted_, *snapshot_, provider_);
  if (!plan_.drains.empty()) return;
  outcome.problems.push_back({.severity = manifest::Severity::likely,
                              .field = "rollout.strategy",
                              .message = "rollout.strategy: " + wanted_->no_room + "; with `drain` release " +
                                         std::to_string(plan_.live.release()) +
                                         " is stopped before the new one starts",
                              .where = service.source_of("rollout.strategy")});
}

bool DeployRun::plan() {
  if (auto looked = look(); !looked) return stop(std::move(looked).error(), Stage::check);
  warn_of_code_in_weights();
  plan_ = make_plan(*wanted_, *snapshot_, provider_);
  consider_room();
  outcome.serving = plan_.live.release();
  if (request_.plan && !adopt_saved_plan()) return false;
  if (request_.plan) calls_.allow(plan_.calls);
  live_ = before_ = snapshot_->live;
  outcome.release = plan_.release;
  calls_.release(plan_.release);
  if (plan_.empty()) {
    outcome.nothing_to_do = true;
    tell_serving(outcome, *snapshot_, provider_);
    return false;
  }
  if (plan_.restorable || request_.allow_unrestorable) return true;
  outcome.exit = Exit::unrestorable;
  outcome.failed_stage = Stage::check;
  outcome.error = Error{.kind = ErrorKind::refused,
                        .message = "release " + std::to_string(outcome.serving) +
                                   " could not be restored afterwards: " + plan_.restorable_reason,
                        .next = {"mdl deploy --allow-unrestorable"}};
  return false;
}

bool DeployRun::adopt_saved_plan() {
  const auto& saved = *request_.plan;
  std::string moved;
  if (saved.service != outcome.ref || saved.provider != provider_.name) {
    moved = "the plan is for " + saved.service.service + " on " + saved.service.target;
  } else if (saved.artifact != plan_.artifact) {
    moved = "the code or its dependencies changed since the plan was made";
  } else if (saved.identity != plan_.identity) {
    moved = "the configuration or a secret changed since the plan was made";
  } else if (saved.live.revision != plan_.live.revision) {
    moved = "what is live changed since the plan was made: release " + std::to_string(plan_.live.release()) +
            " serves now";
  }
  if (moved.empty()) {
    auto fetched = std::move(plan_.fetches);
    const bool weights_only = plan_.weights_only;
    plan_ = saved;
    plan_.fetches = std::move(fetched);
    plan_.weights_only = weights_only;
    return true;
  }
  outcome.exit = Exit::conflict;
  outcome.failed_stage = Stage::check;
  outcome.error = Error{.kind = ErrorKind::conflict, .message = moved};
  return false;
}

bool DeployRun::upload() {
  if (!wants_release() && missing_ == 0) return true;
  StageScope stage(env_, service.name, Stage::build);
  auto put = provider_.artifacts->put(service, layers_, [&](const provider::Progress& progress) {
    if (progress.step)
      stage.line(progress.what, progress.took);
    else
      stage.progress(progress);
  });
  if (!put) {
    stage.fail(put.error().message);
    return stop(std::move(put).error(), Stage::build);
  }
  build_summary_ = plan_.weights_only ? "weights only; " + *put : *put;
  // What has only now been fetched shows its headers now.
  if (!layers_.remotes.empty()) {
    look_at_weights(&layers_);
    warn_of_code_in_weights();
  }
  if (certain(outcome.problems)) {
    outcome.exit = Exit::failed;
    outcome.failed_stage = Stage::check;
    stage.fail("the fetched weights cannot be used");
    return false;
  }
  stage.end(build_summary_);
  return true;
}

}  // namespace mdl::engine
