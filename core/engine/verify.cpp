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

}  // namespace

Result<std::string> wait_ready(const ServiceRef& ref, int release, Milliseconds timeout, Provider& provider,
                               Environment& env, StageScope& stage) {
  const auto deadline = env.clock.elapsed() + timeout;
  Milliseconds wait = first_wait;
  while (true) {
    MDL_TRY(const Readiness readiness, provider.health->readiness(ref, release));
    if (readiness.state == Readiness::State::ready) return readiness.detail;
    if (readiness.state == Readiness::State::failed) return not_ready(readiness, release);
    if (env.interrupt.requested())
      return fail(ErrorKind::interrupted, "interrupted while waiting for the release");
    if (env.clock.elapsed() >= deadline) {
      auto late = readiness;
      late.code = "timeout";
      late.detail =
          "not healthy within " + std::to_string(timeout.count() / 1000) + " s: " + readiness.detail;
      return not_ready(late, release);
    }
    stage.waiting(readiness.detail);
    env.sleeper.sleep(wait);
    wait = std::min(longest_wait, wait * 3 / 2);
  }
}

}  // namespace mdl::engine
