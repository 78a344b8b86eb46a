#include "core/engine/drain.hpp"

#include <algorithm>

#include "core/engine/rollout.hpp"
#include "core/engine/stage.hpp"
#include "core/engine/verify.hpp"
#include "core/util/text.hpp"

namespace mdl::engine {

namespace {

std::string amount(const provider::Room& room, std::int64_t value) {
  return room.bytes ? readable_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0)))
                    : std::to_string(value);
}

std::vector<plan::Desired> resources_of(const release::Record& record) {
  std::vector<plan::Desired> resources;
  for (const auto& value : record.resources.as_array())
    if (auto desired = plan::desired_from(value)) resources.push_back(std::move(*desired));
  return resources;
}

}  // namespace

std::string no_room(const ServiceRef& ref, std::span<const plan::Desired> fresh, const Snapshot& snapshot,
                    Provider& provider) {
  const auto* serving = snapshot.serving();
  if (!serving) return {};
  const auto theirs = resources_of(*serving);
  for (const auto& room : provider.capacity->side_by_side(ref, fresh, snapshot.live.release(), theirs))
    if (room.needed > room.there)
      return "two releases need " + amount(room, room.needed) + " of " + room.what + ", and " +
             amount(room, room.there) + " can be had";
  return {};
}

LastStart last_start(const std::vector<release::Record>& records) {
  LastStart last;
  for (const auto& record : records) {
    const auto& took = record.extra["start_ms"];
    if (record.runs != record.number || !took.is_number() || record.number <= last.release) continue;
    last = {.release = record.number, .took = Milliseconds(took.as_integer())};
  }
  return last;
}

void note_start(release::Record& record, Milliseconds took) {
  if (!record.extra.is_object()) record.extra = Value::object();
  record.extra.set("start_ms", std::int64_t{took.count()});
}

std::string away_words(Milliseconds downtime, int measured) {
  if (measured == 0) return "the service is away, for how long is not known yet: no start was measured";
  return "the service is away for about " + readable_duration(downtime) + ", as release " +
         std::to_string(measured) + " took";
}

bool stands_alone(const release::Record& record) { return record.extra["stands_alone"].as_bool(); }

void note_stands_alone(release::Record& record) {
  if (!record.extra.is_object()) record.extra = Value::object();
  record.extra.set("stands_alone", true);
}

Result<void> rest_live(const ServiceRef& ref, plan::Live& live, int room_for, Provider& provider,
                       Calls& calls) {
  return move_live(
      ref, live, plan::Rest{live.release(), room_for},
      [&] { return provider.traffic->rest(ref, live, room_for); },
      [&](const plan::Live& now) { return now.rests_for == room_for && now.split == live.split; }, provider,
      calls);
}

Result<void> wake_live(const ServiceRef& ref, plan::Live& live, const plan::Split& split,
                       Milliseconds timeout, Provider& provider, Calls& calls, Environment& env) {
  StageScope stage(env, ref.service, Stage::start);
  auto woken = [&]() -> Result<void> {
    MDL_CHECK(swap_live(ref, live, split, provider, calls));
    MDL_CHECK(
        wait_ready({.ref = ref, .release = live.release(), .timeout = timeout, .live = live, .calls = calls},
                   provider, env, stage));
    return {};
  }();
  const auto release = "release " + std::to_string(live.release());
  if (woken)
    stage.end(release + " again");
  else
    stage.fail(release + ": " + woken.error().message);
  return woken;
}

void tell_woken(Outcome& outcome, Result<void> woken) {
  outcome.woken = woken.has_value();
  if (woken) return;
  const auto kind = woken.error().kind;
  outcome.exit = kind == ErrorKind::interrupted ? Exit::interrupted
                 : kind == ErrorKind::conflict  ? Exit::conflict
                                                : Exit::attention;
  if (outcome.error) woken.error().message = outcome.error->message + "; " + woken.error().message;
  outcome.error = std::move(woken).error();
}

}  // namespace mdl::engine
