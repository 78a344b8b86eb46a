#include "core/util/text.hpp"
#include "providers/local/supervisor/service.hpp"

namespace mdl::local::supervisor {

Value live_value(const ServiceRow& row) {
  auto live = Value::object({{"split", row.split}, {"revision", row.live_revision}});
  if (row.rests_for != 0) live.set("rests_for", row.rests_for);
  return live;
}

std::optional<Value> Service::readiness(int release) const {
  const auto found = releases_.find(release);
  if (found == releases_.end()) return std::nullopt;
  return found->second->readiness();
}

Value Service::status() const {
  const auto url = port_ == 0 ? "" : "http://127.0.0.1:" + std::to_string(port_);
  int healthy = 0, wanted = 0, without_gpus = 0;
  bool live = false, failing = false;
  std::string detail = gateway_problem_;
  std::chrono::nanoseconds starting{0};
  Milliseconds last_start{0};
  for (const auto& [number, release] : releases_) {
    if (row_.share(number) <= 0) continue;
    live = true;
    healthy += release->healthy();
    wanted += release->wanted();
    if (detail.empty()) detail = release->waiting_for();
    if (const auto course = courses_.find(number); course != courses_.end())
      without_gpus += course->second.without_gpus;
    if (release->starting_for() >= starting) {
      starting = release->starting_for();
      last_start = row_.last_start(number);
    }
    for (const auto& [id, replica] : release->replicas())
      failing |= replica->state() == Replica::State::failing;
  }
  const char* health = "ok";
  if (!live) {
    health = "absent";
  } else if (!gateway_problem_.empty() || failing) {
    health = "failing";
  } else if (row_.rests_for != 0) {
    health = "resting";
  } else if (healthy < wanted) {
    health = "starting";
  } else if (without_gpus > 0) {
    detail = std::to_string(wanted + without_gpus) + " replicas are wanted, and this machine has GPUs for " +
             std::to_string(wanted);
  } else if (wanted == 0) {
    health = "asleep";
    detail = "scaled to zero: starts with the next request";
    if (last_start.count() > 0) detail += ", in about " + readable_duration(last_start);
  }
  return Value::object({{"health", health},
                        {"replicas", healthy},
                        {"wanted", wanted},
                        {"held", held()},
                        {"detail", detail},
                        {"starting_ms", std::chrono::duration_cast<Milliseconds>(starting).count()},
                        {"last_start_ms", last_start.count()},
                        {"url", url}});
}

Value Service::describe() const {
  auto gateway = Value(), scaling = Value();
  if (!row_.gateway.is_null()) {
    auto spec = row_.gateway;
    spec.set("port", row_.port);
    gateway = Value::object({{"spec", std::move(spec)},
                             {"revision", row_.gateway_revision},
                             {"status", Value::object({{"port", row_.port}})}});
  }
  if (!row_.scaling.is_null())
    scaling = Value::object({{"spec", row_.scaling}, {"revision", row_.scaling_revision}});
  auto replicas = Value::array();
  for (const auto& row : row_.releases) {
    const auto found = releases_.find(row.release);
    auto status = found == releases_.end() ? Value() : found->second->status(row.phase);
    replicas.push(Value::object({{"release", row.release},
                                 {"spec", row.spec},
                                 {"revision", row.revision},
                                 {"status", std::move(status)}}));
  }
  return Value::object(
      {{"service", ref_.service},
       {"target", ref_.target},
       {"gateway", std::move(gateway)},
       {"scaling", std::move(scaling)},
       {"replicas", std::move(replicas)},
       {"live", live_value(row_)},
       {"gpus", Value::object({{"devices", around_.host.gpus.size()}, {"free", around_.host.gpus.free()}})},
       {"status", status()}});
}

}  // namespace mdl::local::supervisor
