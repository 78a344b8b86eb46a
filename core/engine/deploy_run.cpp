#include "core/engine/deploy_run.hpp"

#include <algorithm>

#include "core/engine/drain.hpp"
#include "core/engine/hooks.hpp"
#include "core/engine/rollout.hpp"
#include "core/engine/settle.hpp"
#include "core/engine/verify.hpp"
#include "core/engine/weights.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::engine {

namespace {

bool certain(const std::vector<manifest::Problem>& problems) {
  return std::ranges::any_of(problems,
                             [](const auto& p) { return p.severity == manifest::Severity::certain; });
}

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// Deletes of what this run made of its release and that no read shows yet.
void add_unseen(const plan::Plan& plan, std::vector<plan::Change>& undo) {
  for (const auto& change : plan.changes) {
    const auto* create = std::get_if<plan::Create>(&change);
    if (!create || create->desired.release != plan.release) continue;
    const bool seen = std::ranges::any_of(
        undo, [&](const plan::Change& one) { return std::get<plan::Delete>(one).id == create->desired.id; });
    if (!seen) undo.emplace_back(plan::Delete{create->desired.id, plan.release, {}});
  }
}

}  // namespace

DeployRun::DeployRun(const Service& service_, const DeployRequest& request, Provider& provider,
                     Environment& env, const std::string& command)
    : service(service_),
      request_(request),
      provider_(provider),
      env_(env),
      calls_(env, {.service = service_.name, .target = service_.target.name}, command, service_.file),
      changes_nothing_(command == "plan") {
  outcome.ref = {.service = service_.name, .target = service_.target.name};
}

bool DeployRun::stop(Error error, Stage stage) {
  // No other run has a part in a build: a file that changed while it was read is no lost race.
  if (stage == Stage::build && error.kind == ErrorKind::conflict) error.kind = ErrorKind::failed;
  fail_with(outcome, std::move(error), stage);
  return false;
}

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
  const auto* serving = snapshot_->serving();
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
  auto problems = preflight(service, &layers_, provider_);
  std::erase_if(problems, [&](const auto& p) {
    return std::ranges::find(outcome.problems, p) != outcome.problems.end();
  });
  std::ranges::move(problems, std::back_inserter(outcome.problems));
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

Result<void> DeployRun::append_record() {
  const auto* known = snapshot_->record(plan_.release);
  recorded_ = true;
  outcome.record = plan_.release;
  if (known && known->state == release::State::pending) return {};  // left by a stopped run: gone on with
  const auto record = record_of(plan_, *wanted_, env_);
  auto appended = calls_.make("append record " + std::to_string(record.number),
                              [&] { return provider_.releases->append(outcome.ref, record); });
  if (appended) return {};
  recorded_ = false;
  if (appended.error().kind == ErrorKind::conflict) contested_ = record.number;
  return fail(std::move(appended).error());
}

Result<void> DeployRun::make_release() {
  if (wants_release()) {
    MDL_CHECK(append_record());
    MDL_CHECK(hook(Stage::apply, "pre-deploy", service.hooks.pre_deploy, plan_.release));
    if (!wanted_->secret_versions.empty())
      MDL_CHECK(calls_.make("keep secrets",
                            [&] { return provider_.secrets->keep(service, wanted_->secret_versions); }));
  }
  const auto parts = phases(plan_);
  MDL_CHECK(make(parts.beside));
  if (!plan_.drains.empty()) MDL_CHECK(make_room());
  MDL_CHECK(make(parts.alone));
  if (!goes_on(plan_)) return {};
  return calls_.make("wake release " + std::to_string(plan_.release),
                     [&] { return provider_.health->wake(outcome.ref, plan_.release, {live_.revision}); });
}

Result<void> DeployRun::make(std::span<const plan::Change> changes) {
  if (changes.empty()) return {};
  const bool own = std::ranges::any_of(changes, [&](const plan::Change& change) {
    const auto* create = std::get_if<plan::Create>(&change);
    return create && create->desired.release != 0;
  });
  if (own) created_at_ = env_.clock.elapsed();
  StageScope stage(env_, service.name, own ? Stage::start : Stage::apply);
  if (auto applied = engine::apply(changes, outcome.ref, provider_, {live_.revision}, calls_, env_, stage);
      !applied) {
    stage.fail(applied.error().resource + ": " + applied.error().message);
    return applied;
  }
  stage.end(own ? "release " + std::to_string(wants_release() ? plan_.release : outcome.serving) : "");
  return {};
}

// Said before it is done: from here on the service is away.
Result<void> DeployRun::make_room() {
  {
    StageScope stage(env_, service.name, Stage::rest);
    stage.end("release " + std::to_string(live_.release()) + " stops first (" + plan_.drains + "); " +
              away_words(plan_.downtime, plan_.measured));
  }
  away_since_ = env_.clock.elapsed();
  return rest_live(outcome.ref, live_, plan_.release, provider_, calls_);
}

void DeployRun::wake(const plan::Split& split) {
  auto woken = wake_live(outcome.ref, live_, split, request_.timeout, provider_, calls_, env_);
  if (away_since_)
    outcome.away = std::chrono::duration_cast<Milliseconds>(env_.clock.elapsed() - *away_since_);
  tell_woken(outcome, std::move(woken));
}

Result<void> DeployRun::hook(Stage at, const std::string& name, const std::vector<std::string>& command,
                             int release) {
  if (command.empty()) return {};
  StageScope stage(env_, service.name, at);
  auto ran = run_hook_once(name, command, service, release, outcome.url, provider_, calls_, stage);
  if (!ran) {
    stage.fail(ran.error().message);
    return fail(std::move(ran).error());
  }
  if (*ran) stage.end("hook " + name);
  return {};
}

bool DeployRun::apply() {
  if (auto made = make_release(); !made) return stop(std::move(made).error(), Stage::apply);
  return true;
}

bool DeployRun::verify() {
  const bool wakes = !wants_release() && live_.rests_for != 0;  // checked once it is started
  if (wakes || (!wants_release() && !created_at_)) return true;
  const int release = wants_release() ? plan_.release : outcome.serving;
  const int stable = live_.rests_for != 0 ? 0 : before_.release();  // at rest it answers nothing
  StageScope stage(env_, service.name, Stage::verify);
  const auto check = [&]() -> Result<std::string> {
    MDL_TRY(std::string seen, wait_ready({.ref = outcome.ref,
                                          .release = release,
                                          .timeout = request_.timeout,
                                          .live = live_,
                                          .calls = calls_},
                                         provider_, env_, stage));
    if (created_at_) started_ = std::chrono::duration_cast<Milliseconds>(env_.clock.elapsed() - *created_at_);
    MDL_TRY(const auto golden, check_golden({.ref = outcome.ref,
                                             .release = release,
                                             .stable = stable == release ? 0 : stable,
                                             .folder = service.folder,
                                             .timeout = service.http.timeout},
                                            service.golden, provider_));
    if (!golden.empty()) seen += ", " + golden;
    return seen;
  };
  auto seen = check();
  if (!seen) {
    stage.fail(seen.error().message);
    return stop(std::move(seen).error(), Stage::verify);
  }
  stage.end(*seen);
  return true;
}

bool DeployRun::promote() {
  if (!wants_release()) {
    if (live_.rests_for != 0) wake(live_.split);
    return !failed();
  }
  auto promoted =
      engine::promote(outcome.ref, plan_.release, rollout_of(plan_, service), live_, provider_, calls_, env_);
  if (!promoted) {
    stop(std::move(promoted).error(), Stage::promote);
    const bool open =
        std::ranges::find(live_.split, plan_.release, &plan::Share::release) != live_.split.end();
    // The release still gets requests: it must not be taken away.
    if (outcome.exit == Exit::previous_serves && open) outcome.exit = Exit::attention;
    return false;
  }
  promoted_ = true;
  if (away_since_)
    outcome.away = std::chrono::duration_cast<Milliseconds>(env_.clock.elapsed() - *away_since_);
  StageScope stage(env_, service.name, Stage::promote);
  stage.end(before_.split.empty()
                ? "live " + std::to_string(plan_.release)
                : "live " + std::to_string(before_.release()) + " → " + std::to_string(plan_.release));
  return true;
}

void DeployRun::finish() {
  const auto after = phases(plan_).after;
  const auto settle_all = [&]() -> Result<void> {
    StageScope stage(env_, service.name, Stage::prune);
    MDL_CHECK(engine::apply(after, outcome.ref, provider_, {live_.revision}, calls_, env_, stage));
    std::set<int> removed;
    for (const auto& change : after)
      if (const auto* removal = std::get_if<plan::Delete>(&change); removal && removal->release != 0)
        removed.insert(removal->release);
    if (!removed.empty()) stage.end(counted(removed.size(), "old release") + " removed");
    const int own = promoted_ ? plan_.release : outcome.woken ? live_.release() : 0;
    return settle(outcome.ref, before_, live_, own, removed, provider_, calls_, env_, started_);
  };
  auto settled = settle_all();
  if (promoted_) outcome.serving = plan_.release;  // stands unless a read says otherwise
  tell_serving(outcome, provider_);
  if (settled)
    settled = hook(Stage::promote, "post-deploy", service.hooks.post_deploy,
                   wants_release() ? plan_.release : outcome.serving);
  const bool other = promoted_ && outcome.serving != plan_.release;
  const bool lost = other && overtaken(outcome.ref, live_, provider_, calls_);
  if (other && !lost) outcome.serving = plan_.release;  // the read was late
  if (promoted_ && !lost) outcome.rests_for = 0;
  if (lost || (!settled && settled.error().kind == ErrorKind::conflict)) {
    outcome.failed_stage = Stage::promote;
    tell_winner(outcome, provider_);
  }
  if (settled || outcome.exit == Exit::conflict) {
    calls_.finish();
    return;
  }
  outcome.failed_stage = Stage::prune;
  // What this run wanted serves; only what follows a promote is open, and the next run does it.
  outcome.exit = settled.error().kind == ErrorKind::interrupted ? Exit::interrupted : Exit::attention;
  outcome.error = std::move(settled).error();
  if (outcome.exit == Exit::interrupted) tell_interrupted();
}

void DeployRun::tell_interrupted() {
  outcome.calls_made = calls_.made();
  outcome.calls_planned = static_cast<int>(plan_.calls.size());
}

void DeployRun::give_up() {
  if (outcome.exit == Exit::interrupted) return tell_interrupted();  // stays as it is, for resume
  // A winner removes what this run made, so that its check may fail first; the pointer tells which it was.
  const auto now = provider_.traffic->read(outcome.ref);
  const bool unanswered = away_since_ && live_.rests_for != plan_.release;  // the rest may have been made
  if (unanswered && now && now->rests_for == plan_.release && now->split == live_.split) live_ = *now;
  const bool lost = recorded_ && now && now->revision != live_.revision && !calls_.was_ours(now->revision);
  if (outcome.exit == Exit::conflict || lost) {
    tell_winner(outcome, provider_, contested_);
    calls_.finish();
    return;
  }
  const bool open = outcome.exit == Exit::attention;  // it gets requests: it must not be taken away
  if (live_.rests_for != 0 && outcome.exit == Exit::previous_serves && (recorded_ || calls_.made() > 0)) {
    calls_.allow_all();
    wake(before_.split);
    if (outcome.exit == Exit::interrupted) return;
    if (outcome.exit == Exit::conflict) {
      tell_winner(outcome, provider_);
      calls_.finish();
      return;
    }
  }
  if (recorded_ && !open) {
    calls_.allow_all();
    StageScope stage(env_, service.name, Stage::prune);
    std::vector<plan::Change> undo;
    if (auto resources = provider_.resources->list(outcome.ref); resources)
      for (const auto& resource : *resources)
        if (resource.release == plan_.release)
          undo.emplace_back(plan::Delete{resource.id, resource.release, resource.revision});
    if (created_at_) add_unseen(plan_, undo);
    const bool undone = engine::apply(undo, outcome.ref, provider_, {live_.revision}, calls_, env_, stage) &&
                        mark_failed(outcome.ref, plan_.release,
                                    outcome.error ? outcome.error->message : "given up", provider_, calls_);
    if (undone) calls_.finish();
  } else {
    calls_.finish();
  }
  if (service.hooks.on_failure.empty() || !recorded_) return;
  StageScope stage(env_, service.name, Stage::prune);
  auto hook = run_hook("on-failure", service.hooks.on_failure, service, plan_.release, {}, calls_, stage);
  stage.end(hook ? "hook on-failure" : hook.error().message);
}

void DeployRun::take_back() {
  if (!promoted_) return;
  promoted_ = false;
  calls_.allow_all();
  const auto returned = [&]() -> Result<void> {
    if (plan_.drains.empty()) return swap_live(outcome.ref, live_, before_.split, provider_, calls_);
    // The two still cannot stand side by side.
    MDL_CHECK(rest_live(outcome.ref, live_, before_.release(), provider_, calls_));
    return wake_live(outcome.ref, live_, before_.split, request_.timeout, provider_, calls_, env_);
  };
  if (auto back = returned(); !back) {
    outcome.exit = Exit::attention;
    outcome.error = std::move(back).error();
    return;
  }
  (void)settle(outcome.ref, live_, live_, 0, {}, provider_, calls_, env_);  // the next run repeats it
}

}  // namespace mdl::engine
