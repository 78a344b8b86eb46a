#include <algorithm>

#include "core/engine/apply.hpp"
#include "core/engine/drain.hpp"
#include "core/engine/planner.hpp"
#include "core/engine/rollout.hpp"
#include "core/engine/settle.hpp"
#include "core/engine/verify.hpp"
#include "core/util/text.hpp"

namespace mdl::engine {

using release::Record;
using release::State;

namespace {

std::string number(int value) { return std::to_string(value); }

// The entry whose release is to serve. Errors: not_found and refused, in words for people.
Result<const Record*> choose(const RollbackRequest& request, const Snapshot& snapshot) {
  const auto candidates = snapshot.restorable();
  if (!request.to || *request.to < 0) {
    const auto back = static_cast<std::size_t>(request.to ? -*request.to : 1);
    if (candidates.size() >= back) return candidates[back - 1];
    if (candidates.empty()) return fail(ErrorKind::not_found, "there is no earlier release to go back to");
    return fail(ErrorKind::not_found,
                "only " + number(static_cast<int>(candidates.size())) + " earlier releases can be restored");
  }
  const auto* record = snapshot.record(*request.to);
  if (!record) return fail(ErrorKind::not_found, "there is no release " + number(*request.to));
  if (record->runs == snapshot.live.release()) {
    if (request.rehearse) return fail(ErrorKind::invalid, "release " + number(record->runs) + " serves now");
    return record;
  }
  if (record->state == State::pruned || record->state == State::failed || record->state == State::pending)
    return fail(ErrorKind::refused, "release " + number(*request.to) + " is " +
                                        std::string(to_string(record->state)) + " and cannot be restored" +
                                        (record->reason.empty() ? "" : ": " + record->reason));
  return record;
}

// What release `record.runs` needs and does not have any more. Reads only.
Result<void> check_set(const ServiceRef& ref, const Record& record, Provider& provider) {
  MDL_TRY(const bool artifact, provider.artifacts->present(ref, record.artifact));
  if (!artifact)
    return fail(ErrorKind::refused, "the artifact of release " + number(record.runs) + " is gone (" +
                                        record.artifact.substr(0, 8) + ")");
  if (record.secret_versions.empty()) return {};
  MDL_TRY(const auto lost, provider.secrets->lost(ref, record.secret_versions));
  if (!lost.empty())
    return fail(ErrorKind::refused,
                "secret " + lost.front() + " of release " + number(record.runs) + " can no longer be read");
  return {};
}

// What must be done for a release to stand beside what serves.
struct Start {
  std::vector<plan::Change>
      creates;         // of its own resources that are not there any more, as its record holds them
  bool ready = false;  // it stands already
  std::string alone;   // why it cannot stand beside what serves; empty: it can
};

Result<Start> look_at(const Record& original, const Snapshot& snapshot, const ServiceRef& ref,
                      Provider& provider) {
  Start start;
  std::vector<plan::Desired> all;
  for (const auto& value : original.resources.as_array()) {
    auto read = plan::desired_from(value);
    if (!read && original.written_schema() > Record::schema)
      return fail(ErrorKind::refused, "release " + number(original.runs) +
                                          " was rendered by a later version of mdl (record schema " +
                                          number(original.written_schema()) + ", this one knows up to " +
                                          number(Record::schema) + "): go back with that version");
    MDL_TRY(auto desired, std::move(read));
    if (!snapshot.resource(desired.id)) start.creates.emplace_back(plan::Create{desired});
    all.push_back(std::move(desired));
  }
  if (start.creates.empty()) {
    MDL_TRY(const auto now, provider.health->readiness(ref, original.runs));
    start.ready = now.state == provider::Readiness::State::ready;
  }
  const int serves = snapshot.live.release();
  if (serves == 0 || serves == original.runs) return start;
  const auto* serving = snapshot.serving();
  if (snapshot.live.rests_for != 0) {
    start.alone = "release " + number(serves) + " is at rest already";
  } else if (start.ready) {
    return start;
  } else if (stands_alone(original) || (serving && stands_alone(*serving))) {
    start.alone = "releases " + number(original.runs) + " and " + number(serves) +
                  " must not run side by side (rollout.strategy: drain)";
  } else {
    start.alone = no_room(ref, all, snapshot, provider);
  }
  return start;
}

// How long the release took when it was started last; else what is known of others.
LastStart start_of(const Record& target, const Snapshot& snapshot) {
  const auto* original = snapshot.record(target.runs);
  const auto own = original ? last_start({*original}) : LastStart{};
  return own.release != 0 ? own : last_start(snapshot.records);
}

class Rollback {
 public:
  Rollback(const RollbackRequest& request, Provider& provider, Environment& env)
      : request_(request), provider_(provider), env_(env), calls_(env, request.ref, "rollback") {
    outcome_.ref = request.ref;
  }

  Outcome run() {
    const auto begun = env_.clock.elapsed();
    if (auto done = work(); !done) {
      const auto kind = done.error().kind;
      fail_with(outcome_, std::move(done).error(), stage_);
      if (kind == ErrorKind::conflict) tell_winner(outcome_, provider_, contested_);
      // Before the first mutating call nothing has changed; what serves goes on in any case.
      if (kind != ErrorKind::conflict && kind != ErrorKind::interrupted)
        outcome_.exit = calls_.made() == 0 ? Exit::failed : Exit::previous_serves;
      if (kind != ErrorKind::interrupted) undo();
    } else {
      calls_.finish();
    }
    tell_serving(outcome_, provider_);
    if (restored_ && outcome_.exit == Exit::ok && outcome_.serving != outcome_.release) {
      if (overtaken(request_.ref, live_, provider_, calls_))
        tell_winner(outcome_, provider_);  // right after the promote
      else
        outcome_.serving = outcome_.release;  // the read was late
    }
    if (restored_ && outcome_.exit == Exit::ok) outcome_.rests_for = live_.rests_for;
    outcome_.duration = std::chrono::duration_cast<Milliseconds>(env_.clock.elapsed() - begun);
    return std::move(outcome_);
  }

 private:
  Result<void> work() {
    MDL_TRY(auto snapshot, observe(request_.ref, provider_));
    live_ = snapshot.live;
    outcome_.serving = live_.release();
    MDL_TRY(const Record* target, choose(request_, snapshot));
    outcome_.release = target->runs;
    if (target->runs == live_.release() && live_.split.size() == 1 && live_.rests_for == 0) {
      outcome_.nothing_to_do = true;
      return {};
    }
    MDL_CHECK(check(*target));
    if (target->runs == live_.release() && live_.split.size() == 1) return wake_up(snapshot);
    const auto* original = snapshot.record(target->runs);
    MDL_TRY(const auto start, look_at(original ? *original : *target, snapshot, request_.ref, provider_));
    return request_.rehearse ? rehearse(*target, start) : restore(*target, snapshot, start);
  }

  // What is to serve is live, and rests because another run stopped.
  Result<void> wake_up(const Snapshot& snapshot) {
    stage_ = Stage::verify;
    restored_ = true;
    MDL_CHECK(wake_live(request_.ref, live_, live_.split, request_.timeout, provider_, calls_, env_));
    outcome_.woken = true;
    return settle(request_.ref, snapshot.live, live_, live_.release(), {}, provider_, calls_, env_);
  }

  Result<void> check(const Record& target) {
    StageScope stage(env_, request_.ref.service, Stage::check);
    if (auto checked = check_set(request_.ref, target, provider_); !checked) {
      stage.fail(checked.error().message);
      return checked;
    }
    const auto secrets = target.secret_versions.size();
    std::string what = "code and configuration";
    if (secrets > 0) what = "code, configuration and " + counted(secrets, "secret version");
    stage.end(what + " of " + number(target.runs) + " are there");
    return {};
  }

  // Brings the release up without traffic and waits until it is healthy.
  Result<void> bring_up(const Record& target, const Start& start) {
    const provider::Fence fence{live_.revision};
    if (!start.creates.empty()) {
      stage_ = Stage::start;
      StageScope stage(env_, request_.ref.service, Stage::start);
      MDL_CHECK(apply(start.creates, request_.ref, provider_, fence, calls_, env_, stage));
      stage.end("release " + number(target.runs));
    }
    const auto now = provider_.health->readiness(request_.ref, target.runs);
    if (!now && now.error().kind != ErrorKind::not_found)
      return fail(now.error());  // what was made may show late
    if (now && now->state == provider::Readiness::State::ready) return {};
    stage_ = Stage::verify;
    StageScope stage(env_, request_.ref.service, Stage::verify);
    MDL_CHECK(calls_.make("wake release " + number(target.runs),
                          [&] { return provider_.health->wake(request_.ref, target.runs, fence); }));
    auto ready = wait_ready({.ref = request_.ref,
                             .release = target.runs,
                             .timeout = request_.timeout,
                             .live = live_,
                             .calls = calls_},
                            provider_, env_, stage);
    if (!ready) {
      stage.fail(ready.error().message);
      return fail(std::move(ready).error());
    }
    stage.end(*ready);
    return {};
  }

  Result<void> append(const Record& entry) {
    stage_ = Stage::promote;
    auto appended = calls_.make("append record " + number(entry.number),
                                [&] { return provider_.releases->append(request_.ref, entry); });
    if (!appended) {
      if (appended.error().kind == ErrorKind::conflict) contested_ = entry.number;
      return fail(std::move(appended).error());
    }
    outcome_.record = entry.number;
    return {};
  }

  // Stop, then start. The entry comes first: it says to whoever comes next why nothing serves.
  Result<void> bring_up_alone(const Record& target, const Record& entry, const Start& start,
                              const LastStart& last) {
    MDL_CHECK(append(entry));
    stage_ = Stage::rest;
    {
      StageScope stage(env_, request_.ref.service, Stage::rest);
      stage.end("release " + number(live_.release()) + " stops first (" + start.alone + "); " +
                away_words(last.took, last.release));
    }
    away_since_ = env_.clock.elapsed();
    MDL_CHECK(rest_live(request_.ref, live_, target.runs, provider_, calls_));
    return bring_up(target, start);
  }

  Record entry_for(const Record& target, const Snapshot& snapshot) {
    Record entry = target;
    entry.number = snapshot.next_number();
    entry.state = State::pending;
    entry.how = "rollback to " + number(target.runs);
    entry.author = env_.author();
    entry.created = env_.clock.now();
    entry.live_since = {};
    entry.reason.clear();
    entry.revision.clear();
    if (!entry.extra.is_object()) entry.extra = Value::object();
    entry.extra.set("fence", snapshot.live.revision);
    return entry;
  }

  Result<void> restore(const Record& target, const Snapshot& snapshot, const Start& start) {
    const auto entry = entry_for(target, snapshot);
    calls_.release(entry.number);
    if (start.alone.empty()) {
      MDL_CHECK(bring_up(target, start));
      MDL_CHECK(append(entry));
    } else {
      MDL_CHECK(bring_up_alone(target, entry, start, start_of(target, snapshot)));
      stage_ = Stage::promote;
    }
    {
      StageScope stage(env_, request_.ref.service, Stage::promote);
      MDL_CHECK(swap_live(request_.ref, live_, {{target.runs, 1.0}}, provider_, calls_));
      stage.end("live " + number(snapshot.live.release()) + " → " + number(target.runs));
    }
    restored_ = true;
    note_away();
    outcome_.serving = target.runs;  // stands unless a read says otherwise
    return settle(request_.ref, snapshot.live, live_, entry.number, {}, provider_, calls_, env_);
  }

  void note_away() {
    if (away_since_)
      outcome_.away = std::chrono::duration_cast<Milliseconds>(env_.clock.elapsed() - *away_since_);
  }

  Result<void> rehearse(const Record& target, const Start& start) {
    if (!start.alone.empty())
      return fail(ErrorKind::refused, "release " + number(target.runs) +
                                          " cannot be rehearsed beside what serves: " + start.alone);
    const auto begun = env_.clock.elapsed();
    auto passed = [&]() -> Result<void> {
      MDL_CHECK(bring_up(target, start));
      MDL_TRY(const auto golden, check_golden({.ref = request_.ref,
                                               .release = target.runs,
                                               .folder = request_.folder,
                                               .timeout = request_.timeout},
                                              request_.golden, provider_));
      (void)golden;
      return {};
    }();
    Record record = target;
    record.rehearsal =
        release::Rehearsal{.at = env_.clock.now(),
                           .took = std::chrono::duration_cast<Milliseconds>(env_.clock.elapsed() - begun),
                           .passed = passed.has_value()};
    outcome_.previous_rehearsal = record.rehearsal;
    auto noted = calls_.make("update record " + number(record.number),
                             [&] { return provider_.releases->update(request_.ref, record); });
    if (passed && !noted) return fail(std::move(noted).error());
    return passed;
  }

  // The entry of a rollback that did not come to its promote must not look as if it went on, and what it put
  // to rest serves again.
  void undo() {
    if (away_since_ && !restored_ && outcome_.exit == Exit::previous_serves) wake();
    if (outcome_.exit == Exit::interrupted) return;
    if (outcome_.record != 0 && !restored_ && outcome_.exit != Exit::conflict)
      (void)mark_failed(request_.ref, outcome_.record, outcome_.error ? outcome_.error->message : "",
                        provider_, calls_);
    if (restored_ && outcome_.exit != Exit::conflict) outcome_.exit = Exit::attention;
    calls_.finish();
  }

  void wake() {
    if (const auto now = provider_.traffic->read(request_.ref);
        live_.rests_for == 0 && now && now->rests_for == outcome_.release && now->split == live_.split)
      live_ = *now;  // the rest was made, and its answer lost
    if (live_.rests_for == 0) return;
    auto woken = wake_live(request_.ref, live_, live_.split, request_.timeout, provider_, calls_, env_);
    note_away();
    tell_woken(outcome_, std::move(woken));
    if (outcome_.exit == Exit::conflict) tell_winner(outcome_, provider_);
  }

  const RollbackRequest& request_;
  Provider& provider_;
  Environment& env_;
  Calls calls_;
  Outcome outcome_;
  plan::Live live_;
  std::optional<std::chrono::nanoseconds> away_since_;  // put to rest by this run
  Stage stage_ = Stage::check;
  int contested_ = 0;  // the number of the history that another run had first
  bool restored_ = false;
};

}  // namespace

Outcome rollback(const RollbackRequest& request, Provider& provider, Environment& env) {
  return Rollback(request, provider, env).run();
}

}  // namespace mdl::engine
