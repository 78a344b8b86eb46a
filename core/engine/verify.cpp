#include "core/engine/verify.hpp"

#include <algorithm>

namespace mdl::engine {

using provider::Readiness;

namespace {

constexpr Milliseconds first_wait{10}, longest_wait{250};

std::unexpected<Error> not_ready(const Readiness& readiness, int release) {
  Error error{.kind = ErrorKind::failed, .message = readiness.detail};
  error.code = readiness.code;
  error.resource = readiness.resource.empty() ? "release " + std::to_string(release) : readiness.resource;
  error.lines = readiness.lines;
  return fail(std::move(error));
}

// Not seen is not failed: a platform may show late what was made.
Result<Readiness> look(const Wait& wait, std::chrono::nanoseconds waited, Provider& provider) {
  auto seen = provider.health->readiness(wait.ref, wait.release);
  const bool absent = seen ? seen->state == Readiness::State::failed && seen->code == "absent"
                           : seen.error().kind == ErrorKind::not_found;
  if (!absent) return seen;
  if (overtaken(wait.ref, wait.live, provider, wait.calls))
    return fail(ErrorKind::conflict, "another run removed release " + std::to_string(wait.release));
  if (waited >= late_for) return seen;
  return Readiness{.state = Readiness::State::waiting, .detail = "not seen yet"};
}

}  // namespace

bool overtaken(const ServiceRef& ref, const plan::Live& live, Provider& provider, const Calls& calls) {
  const auto now = provider.traffic->read(ref);
  return now && now->revision != live.revision && !calls.was_ours(now->revision);
}

Result<std::string> wait_ready(const Wait& wait, Provider& provider, Environment& env, StageScope& stage) {
  const auto begun = env.clock.elapsed(), deadline = begun + wait.timeout;
  Milliseconds pause = first_wait;
  while (true) {
    MDL_TRY(const Readiness readiness, look(wait, env.clock.elapsed() - begun, provider));
    if (readiness.state == Readiness::State::ready) return readiness.detail;
    if (readiness.state == Readiness::State::failed) return not_ready(readiness, wait.release);
    if (env.interrupt.requested())
      return fail(ErrorKind::interrupted, "interrupted while waiting for the release");
    if (env.clock.elapsed() >= deadline) {
      auto late = readiness;
      late.code = "timeout";
      late.detail =
          "not healthy within " + std::to_string(wait.timeout.count() / 1000) + " s: " + readiness.detail;
      return not_ready(late, wait.release);
    }
    stage.waiting(readiness.detail);
    env.sleeper.sleep(pause);
    pause = std::min(longest_wait, pause * 3 / 2);
  }
}

}  // namespace mdl::engine
