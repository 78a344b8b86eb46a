#include "core/engine/deploy_run.hpp"

#include <algorithm>

#include "core/engine/drain.hpp"
#include "core/engine/hooks.hpp"
#include "core/engine/rollout.hpp"
#include "core/engine/settle.hpp"
#include "core/engine/verify.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::engine {

namespace {

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

Result<void> DeployRun::append_record() {
  const auto* known = snapshot_->record(plan_.release);
  outcome.record = plan_.release;
  if (known && known->state == release::State::live) return {};  // it is to have all of the traffic again
  recorded_ = true;
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
