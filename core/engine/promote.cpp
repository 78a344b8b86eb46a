#include <algorithm>

#include "core/engine/rollout.hpp"
#include "core/engine/settle.hpp"

namespace mdl::engine {

namespace {

Result<void> move_traffic(const ServiceRef& ref, int release, double share, Provider& provider,
                          Environment& env, Outcome& outcome) {
  MDL_TRY(auto snapshot, observe(ref, provider));
  outcome.serving = snapshot.live.release();
  const auto* record = snapshot.record(release);
  const bool there = std::ranges::any_of(
      snapshot.resources, [&](const plan::Observed& o) { return o.release == release && release != 0; });
  if (!record && !there) return fail(ErrorKind::not_found, "there is no release " + std::to_string(release));
  if (!there)
    return fail(ErrorKind::refused, "release " + std::to_string(release) + " has no resources any more");
  if (!(share > 0 && share <= 1))
    return fail(ErrorKind::invalid, "the share must be over 0 % and at most 100 %");

  plan::Split wanted{{release, share}};
  if (share < 1) {
    for (const auto& other : snapshot.live.split)
      if (other.release != release) wanted.insert(wanted.begin(), {other.release, 1 - share});
    if (wanted.size() != 2)
      return fail(ErrorKind::refused, "a share below 100 % needs one other release that serves");
  }
  if (wanted == snapshot.live.split) {
    outcome.nothing_to_do = true;
    return {};
  }
  MDL_TRY(const auto ready, provider.health->readiness(ref, release));
  if (ready.state != provider::Readiness::State::ready) {
    Error error{.kind = ErrorKind::refused,
                .message = "release " + std::to_string(release) + " is not healthy: " + ready.detail};
    error.next = {"mdl rollback --to " + std::to_string(release)};
    return fail(std::move(error));
  }
  Calls calls(env, ref, "promote");
  calls.release(release);
  auto live = snapshot.live;
  MDL_CHECK(swap_live(ref, live, wanted, provider, calls));
  MDL_CHECK(
      settle(ref, snapshot.live, live, share >= 1 && record ? record->number : 0, {}, provider, calls, env));
  calls.finish();
  return {};
}

}  // namespace

Outcome promote(const ServiceRef& ref, int release, double share, Provider& provider, Environment& env) {
  const auto begun = env.clock.elapsed();
  Outcome outcome;
  outcome.ref = ref;
  outcome.release = release;
  if (auto done = move_traffic(ref, release, share, provider, env, outcome); !done) {
    const auto kind = done.error().kind;
    fail_with(outcome, std::move(done).error(), Stage::promote);
    if (kind == ErrorKind::conflict) {
      tell_winner(outcome, provider);
    } else if (kind != ErrorKind::interrupted) {
      outcome.exit = Exit::failed;
    }
  }
  tell_serving(outcome, provider);
  outcome.duration = std::chrono::duration_cast<Milliseconds>(env.clock.elapsed() - begun);
  return outcome;
}

}  // namespace mdl::engine
