#include "core/engine/apply.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/engine/parallel.hpp"

namespace mdl::engine {

namespace {

const plan::Desired* desired_of(const plan::Change& change) {
  if (const auto* create = std::get_if<plan::Create>(&change)) return &create->desired;
  if (const auto* update = std::get_if<plan::Update>(&change)) return &update->desired;
  if (const auto* replace = std::get_if<plan::Replace>(&change)) return &replace->desired;
  return nullptr;
}

std::string describe(const plan::Change& change) {
  if (const auto* create = std::get_if<plan::Create>(&change))
    return "+ " + plan::to_string(create->desired.id);
  if (const auto* update = std::get_if<plan::Update>(&change))
    return "~ " + plan::to_string(update->desired.id);
  if (const auto* replace = std::get_if<plan::Replace>(&change))
    return "~ " + plan::to_string(replace->desired.id);
  if (const auto* removal = std::get_if<plan::Delete>(&change)) return "- " + plan::to_string(removal->id);
  return plan::identity(change);
}

}  // namespace

Phases phases(const plan::Plan& plan) {
  Phases result;
  for (const auto& change : plan.changes) {
    if (std::holds_alternative<plan::Promote>(change) || std::holds_alternative<plan::Rest>(change)) continue;
    const auto* desired = desired_of(change);
    const bool create = std::holds_alternative<plan::Create>(change);
    const bool before = desired && !desired->follows && (create || !desired->serves);
    const bool alone = before && !plan.drains.empty() && desired->release == plan.release;
    (alone ? result.alone : before ? result.beside : result.after).push_back(change);
  }
  return result;
}

std::vector<std::vector<const plan::Change*>> groups(std::span<const plan::Change> changes) {
  std::vector<std::vector<const plan::Change*>> result;
  std::vector<const plan::Change*> waiting, deletes;
  for (const auto& change : changes)
    (std::holds_alternative<plan::Delete>(change) ? deletes : waiting).push_back(&change);
  while (!waiting.empty()) {
    const auto blocked = [&](const plan::Change* change) {
      return std::ranges::any_of(desired_of(*change)->needs, [&](const plan::ResourceId& need) {
        return std::ranges::any_of(waiting, [&](auto* other) { return desired_of(*other)->id == need; });
      });
    };
    std::vector<const plan::Change*> ready;
    std::ranges::copy_if(waiting, std::back_inserter(ready), [&](auto* change) { return !blocked(change); });
    if (ready.empty()) ready = waiting;  // a cycle is the provider's mistake: the platform will say so
    std::erase_if(waiting, [&](auto* change) { return std::ranges::find(ready, change) != ready.end(); });
    result.push_back(std::move(ready));
  }
  // A release's own resources go before what all releases share.
  std::vector<const plan::Change*> own, shared;
  for (const auto* change : deletes)
    (std::get<plan::Delete>(*change).release != 0 ? own : shared).push_back(change);
  if (!own.empty()) result.push_back(std::move(own));
  for (auto it = shared.rbegin(); it != shared.rend(); ++it) result.push_back({*it});
  return result;
}

Result<void> apply(std::span<const plan::Change> changes, const ServiceRef& ref, Provider& provider,
                   const provider::Fence& fence, Calls& calls, Environment& env, StageScope& stage) {
  for (const auto& group : groups(changes)) {
    std::mutex mutex;
    std::optional<Error> error;
    std::atomic<bool> stop{false};
    parallel_for(group.size(), [&](std::size_t i) {
      if (stop) return;
      const auto& change = *group[i];
      const auto begun = env.clock.elapsed();
      auto made =
          calls.make(plan::identity(change), [&] { return provider.resources->apply(ref, change, fence); });
      std::lock_guard lock(mutex);
      if (made) {
        stage.line(describe(change), std::chrono::duration_cast<Milliseconds>(env.clock.elapsed() - begun));
      } else if (!error) {
        stop = true;
        error = std::move(made).error();
        if (error->resource.empty()) error->resource = describe(change).substr(2);
      }
    });
    if (error) return fail(std::move(*error));
  }
  return {};
}

}  // namespace mdl::engine
