#include "core/engine/rollout.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/util/text.hpp"

namespace mdl::engine {

namespace {

constexpr Milliseconds look_every{1000};
constexpr double requests_to_judge = 20;

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", share * 100);
  return text;
}

const provider::ReleaseMetrics* find(const provider::MetricsReport& report, int release) {
  const auto found = std::ranges::find(report.releases, release, &provider::ReleaseMetrics::release);
  return found == report.releases.end() ? nullptr : &*found;
}

std::string observed(const provider::MetricsReport& report, int release) {
  const auto* metrics = find(report, release);
  if (!metrics) return "0 requests";
  const auto& total = metrics->total;
  return readable_count(std::llround(total.requests)) + " requests, errors " +
         percent(total.requests > 0 ? total.errors / total.requests : 0) + ", p95 " +
         std::to_string(std::llround(total.p95_ms)) + " ms";
}

// Holds one step, looking at the gate. Returns what was seen; the error of kind failed when the gate says no.
Result<std::string> hold(const ServiceRef& ref, int release, const manifest::Rollout& rollout,
                         Provider& provider, Environment& env, StageScope& stage) {
  const auto begun = env.clock.elapsed();
  while (true) {
    const auto held = std::chrono::duration_cast<Milliseconds>(env.clock.elapsed() - begun);
    const auto window = std::max(held, Milliseconds{1000});
    MDL_TRY(const auto report, provider.metrics->read(ref, window, window));
    const auto seen = observed(report, release);
    if (rollout.gate) {
      if (const auto no = gate_verdict(report, release, *rollout.gate); !no.empty()) {
        Error error{.kind = ErrorKind::failed,
                    .message = "the gate stopped release " + std::to_string(release) + ": " + no};
        error.code = "gate";
        return fail(std::move(error));
      }
    }
    if (held >= rollout.hold) return seen;
    if (env.interrupt.requested()) return fail(ErrorKind::interrupted, "interrupted during the canary");
    stage.waiting(seen);
    env.sleeper.sleep(std::min(look_every, rollout.hold - held));
  }
}

Result<void> canary(const ServiceRef& ref, int release, const manifest::Rollout& rollout, plan::Live& live,
                    Provider& provider, Calls& calls, Environment& env) {
  const int stable = live.release();
  StageScope stage(env, ref.service, Stage::canary);
  std::string summary;
  for (const double step : rollout.steps) {
    if (step >= 1) break;
    const auto begun = env.clock.elapsed();
    MDL_CHECK(swap_live(ref, live, {{stable, 1 - step}, {release, step}}, provider, calls));
    auto held = hold(ref, release, rollout, provider, env, stage);
    if (!held) {
      if (held.error().kind != ErrorKind::interrupted) {
        MDL_CHECK(swap_live(ref, live, {{stable, 1.0}}, provider, calls));
        stage.fail(percent(step) + "   " + held.error().message);
      }
      return fail(std::move(held).error());
    }
    summary = percent(step) + "   " + *held;
    stage.line(summary, std::chrono::duration_cast<Milliseconds>(env.clock.elapsed() - begun));
  }
  stage.end(summary);
  return {};
}

}  // namespace

std::string gate_verdict(const provider::MetricsReport& report, int release, const manifest::Gate& gate) {
  const auto* metrics = find(report, release);
  if (!metrics || metrics->total.requests < requests_to_judge) return {};
  const auto& total = metrics->total;
  const double rate = total.errors / total.requests;
  if (rate > gate.errors) return "errors " + percent(rate) + " are over " + percent(gate.errors);
  const auto limit = static_cast<double>(gate.p95.count());
  if (limit > 0 && total.p95_ms > limit)
    return "p95 " + std::to_string(std::llround(total.p95_ms)) + " ms is over " +
           std::to_string(gate.p95.count()) + " ms";
  return {};
}

Result<void> swap_live(const ServiceRef& ref, plan::Live& live, const plan::Split& wanted, Provider& provider,
                       Calls& calls) {
  const plan::Change change = plan::Promote{live.split, wanted};
  MDL_TRY(live,
          calls.make(plan::identity(change), [&] { return provider.traffic->swap(ref, live, wanted); }));
  return {};
}

Result<void> promote(const ServiceRef& ref, int release, const manifest::Rollout& rollout, plan::Live& live,
                     Provider& provider, Calls& calls, Environment& env) {
  const bool stepwise =
      rollout.strategy == manifest::Strategy::canary && !live.split.empty() && live.release() != release;
  if (stepwise) MDL_CHECK(canary(ref, release, rollout, live, provider, calls, env));
  return swap_live(ref, live, {{release, 1.0}}, provider, calls);
}

}  // namespace mdl::engine
