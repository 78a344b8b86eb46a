#include <algorithm>
#include <functional>
#include <map>
#include <mutex>

#include "core/engine/deploy_run.hpp"
#include "core/engine/parallel.hpp"
#include "core/engine/settle.hpp"

namespace mdl::engine {

namespace {

// Lets the runs of several services tell their events one at a time.
class OneAtATime final : public Events {
 public:
  explicit OneAtATime(Events& next) : next_(next) {}
  void on(const Event& event) override {
    std::lock_guard lock(mutex_);
    next_.on(event);
  }

 private:
  Events& next_;
  std::mutex mutex_;
};

using Runs = std::vector<std::unique_ptr<DeployRun>>;
using Step = bool (DeployRun::*)();

bool any_failed(const Runs& runs) {
  return std::ranges::any_of(runs, [](const auto& run) { return run->failed(); });
}

// Runs one stage for every service that still has work, side by side.
void each(std::vector<DeployRun*>& open, Step step) {
  std::vector<char> goes_on(open.size());
  parallel_for(open.size(), [&](std::size_t i) { goes_on[i] = (open[i]->*step)(); });
  std::size_t index = 0;
  std::erase_if(open, [&](DeployRun*) { return !goes_on[index++]; });
}

// The services by wave: those of a wave call only services of earlier waves, and deploy side by side.
std::vector<std::vector<DeployRun*>> waves(const std::vector<DeployRun*>& open) {
  std::map<std::string, std::size_t> wave_of;
  std::vector<std::vector<DeployRun*>> out;
  for (auto* run : open) {  // in the order of needs
    std::size_t wave = 0;
    for (const auto& need : run->service.needs)
      if (const auto found = wave_of.find(need); found != wave_of.end())
        wave = std::max(wave, found->second + 1);
    wave_of.emplace(run->service.name, wave);
    if (out.size() <= wave) out.resize(wave + 1);
    out[wave].push_back(run);
  }
  return out;
}

// Starts the releases, callees first: the address of a callee is given to its callers when they start.
void apply_in_order(const Runs& runs, std::vector<DeployRun*>& open) {
  const auto all = waves(open);
  open.clear();
  for (auto wave : all) {
    if (any_failed(runs)) return;
    each(wave, &DeployRun::apply);
    open.insert(open.end(), wave.begin(), wave.end());
  }
}

// Callees first, so that a caller never meets a release of its callee that is not there yet.
void promote_together(Runs& runs, std::vector<DeployRun*>& open) {
  for (auto* run : open)
    if (!run->promote()) break;
  if (!any_failed(runs)) return;
  for (auto it = open.rbegin(); it != open.rend(); ++it) (*it)->take_back();
}

void give_up_together(Runs& runs, std::vector<DeployRun*>& open) {
  const bool interrupted =
      std::ranges::any_of(runs, [](const auto& r) { return r->outcome.exit == Exit::interrupted; });
  for (auto* run : open) {
    if (run->failed()) continue;
    run->outcome.exit = interrupted            ? Exit::interrupted
                        : run->outcome.serving ? Exit::previous_serves
                                               : Exit::failed;
    run->outcome.error = Error{.kind = interrupted ? ErrorKind::interrupted : ErrorKind::failed,
                               .message = "another service of the project did not get through",
                               .code = "project"};
  }
  for (auto& run : runs)
    if (run->failed()) run->give_up();
}

}  // namespace

std::vector<Outcome> deploy(const DeployRequest& request, Provider& provider, Environment& outer) {
  OneAtATime events(outer.events);
  Environment env{outer.clock, outer.sleeper, outer.interrupt, outer.journal,
                  events,      outer.run_id,  outer.author,    outer.stat_cache};
  const auto begun = env.clock.elapsed();
  Runs runs;
  for (const auto& service : request.services)
    runs.push_back(std::make_unique<DeployRun>(service, request, provider, env));
  std::vector<DeployRun*> open;
  for (auto& run : runs) open.push_back(run.get());

  for (const Step step : {&DeployRun::check, &DeployRun::build, &DeployRun::plan, &DeployRun::upload,
                          &DeployRun::apply, &DeployRun::verify}) {
    const auto before = open;
    if (step == &DeployRun::apply)
      apply_in_order(runs, open);
    else
      each(open, step);
    if (!any_failed(runs)) continue;
    open = before;
    break;
  }
  if (!any_failed(runs)) promote_together(runs, open);
  if (any_failed(runs)) {
    give_up_together(runs, open);
  } else {
    parallel_for(open.size(), [&](std::size_t i) { open[i]->finish(); });
  }

  std::vector<Outcome> outcomes;
  for (auto& run : runs) {
    if (run->failed()) tell_serving(run->outcome, provider);
    run->outcome.duration = std::chrono::duration_cast<Milliseconds>(env.clock.elapsed() - begun);
    outcomes.push_back(std::move(run->outcome));
  }
  return outcomes;
}

BuildResult build(const Service& service, Provider& provider, Environment& env) {
  const auto begun = env.clock.elapsed();
  const DeployRequest request;
  DeployRun run(service, request, provider, env, "build");
  if (run.check() && run.build()) run.upload();
  run.outcome.duration = std::chrono::duration_cast<Milliseconds>(env.clock.elapsed() - begun);
  return {.outcome = std::move(run.outcome),
          .artifact = run.failed() ? "" : run.layers().digest(),
          .bytes = run.layers().bytes(),
          .summary = run.build_summary()};
}

std::expected<PlanResult, Outcome> make_plan(const Service& service, Provider& provider, Environment& env) {
  DeployRequest request;
  request.allow_unrestorable = true;  // a plan says it; only a deploy refuses
  DeployRun run(service, request, provider, env, "plan");
  if (run.check() && run.build()) run.plan();
  if (run.failed()) return std::unexpected(std::move(run.outcome));
  return PlanResult{
      .plan = run.planned(), .problems = std::move(run.outcome.problems), .weights = run.weights()};
}

}  // namespace mdl::engine
