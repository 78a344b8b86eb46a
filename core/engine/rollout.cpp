#include "core/engine/rollout.hpp"

#include <algorithm>
#include <cmath>

#include "core/engine/gate/gate.hpp"
#include "core/engine/gate/words.hpp"

namespace mdl::engine {

namespace {

constexpr Milliseconds look_every{1'000};
constexpr Milliseconds gate_window{10'000};  // the gate reads counts; the window only has to hold a sample

const provider::ReleaseMetrics* find(const provider::MetricsReport& report, int release) {
  const auto found = std::ranges::find(report.releases, release, &provider::ReleaseMetrics::release);
  return found == report.releases.end() ? nullptr : &*found;
}

const provider::RequestCounts* counts(const provider::MetricsReport& report, int release) {
  const auto* found = find(report, release);
  return found ? &found->counts : nullptr;
}

std::string observed(const provider::MetricsReport& report, int release) {
  const auto* metrics = find(report, release);
  const auto total = metrics ? metrics->total : provider::MetricPoint{};
  std::string text = gate::requests(static_cast<std::uint64_t>(std::llround(total.requests)));
  if (total.requests < 1) return text;
  return text + ", errors " + gate::percent(total.errors / total.requests) + ", p95 " +
         gate::milliseconds(total.p95_ms);
}

// The way of one release through its rollout.
class Rollout {
 public:
  Rollout(const ServiceRef& ref, int release, const manifest::Rollout& rollout, plan::Live& live,
          Provider& provider, Calls& calls, Environment& env)
      : ref_(ref),
        release_(release),
        stable_(live.release()),
        rollout_(rollout),
        live_(live),
        provider_(provider),
        calls_(calls),
        env_(env) {}

  // Gives the release these shares one after the other. When it must not keep them, all traffic returns.
  Result<void> steps(const std::vector<double>& shares) {
    StageScope stage(env_, ref_.service, Stage::canary);
    if (rollout_.gate) MDL_CHECK(open_gate(static_cast<int>(shares.size())));
    std::string summary;
    for (const double share : shares) {
      if (share <= by_hand_) continue;
      const auto begun = env_.clock.elapsed();
      const plan::Split split =
          share < 1 ? plan::Split{{stable_, 1 - share}, {release_, share}} : plan::Split{{release_, 1.0}};
      if (auto swapped = swap_live(ref_, live_, split, provider_, calls_); !swapped)
        return back(stage, share, std::move(swapped).error());
      if (gate_) gate_->step();
      auto held = hold(stage);
      if (!held) return back(stage, share, std::move(held).error());
      summary = gate::percent(share_of(live_)) + "   " + *held;
      stage.line(summary, std::chrono::duration_cast<Milliseconds>(env_.clock.elapsed() - begun));
    }
    stage.end(summary);
    return {};
  }

 private:
  // What was counted before the first traffic.
  Result<void> open_gate(int steps) {
    MDL_TRY(const auto report, provider_.metrics->read(ref_, gate_window, gate_window));
    const auto *stable = counts(report, stable_), *fresh = counts(report, release_);
    gate_.emplace(*rollout_.gate, steps, stable ? *stable : provider::RequestCounts{},
                  fresh ? *fresh : provider::RequestCounts{});
    return {};
  }

  // Holds one step, looking each second. Returns what was seen.
  Result<std::string> hold(StageScope& stage) {
    const auto begun = env_.clock.elapsed();
    auto sighted = begun;
    while (true) {
      const auto held = std::chrono::duration_cast<Milliseconds>(env_.clock.elapsed() - begun);
      MDL_CHECK(follow_pointer());
      if (by_hand_ == 1) return "promoted by hand";
      auto seen = look(held);
      if (seen) sighted = env_.clock.elapsed();
      const bool blind = !seen && seen.error().kind != ErrorKind::failed;
      if (!seen && (!blind || env_.clock.elapsed() - sighted >= blind_for)) return seen;
      if (held >= rollout_.hold && seen) return gate_ ? gate_->passed() : *seen;
      if (env_.interrupt.requested()) return fail(ErrorKind::interrupted, "interrupted during the rollout");
      stage.waiting(seen ? *seen : seen.error().message);
      const auto left = rollout_.hold - held;
      env_.sleeper.sleep(left.count() > 0 ? std::min(look_every, left) : look_every);
    }
  }

  double share_of(const plan::Live& live) const {
    const auto found = std::ranges::find(live.split, release_, &plan::Share::release);
    return found == live.split.end() ? 0 : found->weight;
  }

  // `mdl promote` may move this release on while it is held; whatever else moved the pointer has won. An
  // unreadable pointer is looked at again: the next swap carries its revision anyway.
  Result<void> follow_pointer() {
    const auto now = provider_.traffic->read(ref_);
    if (!now || now->revision == live_.revision || calls_.was_ours(now->revision)) return {};
    const bool ours = std::ranges::all_of(now->split, [&](const plan::Share& one) {
      return one.release == release_ || one.release == stable_;
    });
    if (!ours || share_of(*now) <= share_of(live_))
      return fail(ErrorKind::conflict,
                  "another run moved the traffic of release " + std::to_string(release_));
    calls_.moved_from(live_.revision);
    live_ = *now;
    by_hand_ = share_of(live_);
    return {};
  }

  // One look. The error of kind failed is the gate's; others say that nothing could be seen.
  Result<std::string> look(Milliseconds held) {
    const auto window = gate_ ? gate_window : std::max(held, Milliseconds{1'000});
    auto report = provider_.metrics->read(ref_, window, window);
    if (!report) {
      auto error = std::move(report).error();
      if (error.kind == ErrorKind::failed) error.kind = ErrorKind::unavailable;
      return fail(std::move(error));
    }
    if (!gate_) return observed(*report, release_);
    if (const auto no = gate_->look(counts(*report, stable_), counts(*report, release_)))
      return fail(Error{.kind = ErrorKind::failed,
                        .message = "the gate stopped release " + std::to_string(release_) + ": " + *no,
                        .code = "gate",
                        .resource = "release " + std::to_string(release_)});
    return gate_->seen();
  }

  Result<void> back(StageScope& stage, double share, Error error) {
    if (error.kind == ErrorKind::interrupted || error.kind == ErrorKind::conflict)
      return fail(std::move(error));
    calls_.allow_all();  // no plan lists the way back
    const plan::Split all{{stable_, 1.0}};
    const auto returned =
        live_.split == all ? Result<void>{} : swap_live(ref_, live_, all, provider_, calls_);
    stage.fail(gate::percent(share) + "   " + error.message);
    if (returned) return fail(std::move(error));
    auto open = returned.error();
    open.message = error.message + "; its traffic could not be returned: " + open.message;
    open.next = {"mdl rollback --to " + std::to_string(stable_)};
    return fail(std::move(open));
  }

  const ServiceRef& ref_;
  int release_, stable_;
  const manifest::Rollout& rollout_;
  plan::Live& live_;
  Provider& provider_;
  Calls& calls_;
  Environment& env_;
  std::optional<gate::Gate> gate_;
  double by_hand_ = 0;  // the share that `mdl promote` gave the release meanwhile
};

}  // namespace

Result<void> move_live(const ServiceRef& ref, plan::Live& live, const plan::Change& change,
                       const std::function<Result<plan::Live>()>& call,
                       const std::function<bool(const plan::Live&)>& made, Provider& provider, Calls& calls) {
  auto moved = calls.make(plan::identity(change), call);
  if (!moved) {
    const auto kind = moved.error().kind;
    if (kind != ErrorKind::unavailable && kind != ErrorKind::timeout) return fail(std::move(moved).error());
    const auto now = provider.traffic->read(ref);
    if (!now || now->revision == live.revision || !made(*now)) return fail(std::move(moved).error());
    moved = *now;
  }
  calls.moved_from(live.revision);
  live = std::move(*moved);
  return {};
}

Result<void> swap_live(const ServiceRef& ref, plan::Live& live, const plan::Split& wanted, Provider& provider,
                       Calls& calls) {
  return move_live(
      ref, live, plan::Promote{live.split, wanted}, [&] { return provider.traffic->swap(ref, live, wanted); },
      [&](const plan::Live& now) { return now.split == wanted; }, provider, calls);
}

Result<void> promote(const ServiceRef& ref, int release, const manifest::Rollout& rollout, plan::Live& live,
                     Provider& provider, Calls& calls, Environment& env) {
  std::vector<double> shares;
  if (!live.split.empty() && live.release() != release) {
    if (rollout.strategy == manifest::Strategy::canary)
      std::ranges::copy_if(rollout.steps, std::back_inserter(shares), [](double step) { return step < 1; });
    if (rollout.strategy == manifest::Strategy::blue_green && rollout.gate) shares = {1.0};
  }
  if (!shares.empty()) MDL_CHECK(Rollout(ref, release, rollout, live, provider, calls, env).steps(shares));
  if (live.split == plan::Split{{release, 1.0}}) return {};
  return swap_live(ref, live, {{release, 1.0}}, provider, calls);
}

}  // namespace mdl::engine
