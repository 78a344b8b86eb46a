#include "core/engine/settle.hpp"
#include "core/util/text.hpp"

namespace mdl::engine {

namespace {

Result<void> set_scale(const ScaleRequest& request, Provider& provider, Environment& env, Outcome& outcome) {
  MDL_TRY(const auto live, provider.traffic->read(request.ref));
  outcome.serving = outcome.release = live.release();
  MDL_TRY(const auto now, provider.scaling->read(request.ref));
  auto wanted = now;
  if (request.min) wanted.min = *request.min;
  if (request.max) wanted.max = *request.max;
  if (request.concurrency) wanted.concurrency = *request.concurrency;
  // Raising the floor past the ceiling, or the other way round, with one flag alone means both.
  if (wanted.min > wanted.max && !request.max) wanted.max = wanted.min;
  if (wanted.min > wanted.max && !request.min) wanted.min = wanted.max;
  if (wanted.min < 0 || wanted.max < 1 || wanted.concurrency < 1 || wanted.min > wanted.max)
    return fail(ErrorKind::invalid, "scale needs 0 <= min <= max, max >= 1 and concurrency >= 1");
  if (wanted.min == now.min && wanted.max == now.max && wanted.concurrency == now.concurrency) {
    outcome.nothing_to_do = true;
    return {};
  }
  Calls calls(env, request.ref, "scale");
  MDL_CHECK(calls.make("update scale",
                       [&] { return provider.scaling->set(request.ref, wanted, {live.revision}); }));
  calls.finish();
  return {};
}

}  // namespace

Outcome scale(const ScaleRequest& request, Provider& provider, Environment& env) {
  const auto begun = env.clock.elapsed();
  Outcome outcome;
  outcome.ref = request.ref;
  if (auto done = set_scale(request, provider, env, outcome); !done) {
    const auto kind = done.error().kind;
    fail_with(outcome, std::move(done).error(), std::nullopt);
    if (kind == ErrorKind::conflict) {
      tell_winner(outcome, provider);
    } else if (kind != ErrorKind::interrupted) {
      outcome.exit = Exit::failed;
    }
  }
  outcome.duration = std::chrono::duration_cast<Milliseconds>(env.clock.elapsed() - begun);
  return outcome;
}

}  // namespace mdl::engine
