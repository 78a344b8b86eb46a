#include <algorithm>
#include <array>

#include "providers/local/supervisor/release.hpp"

// A release over a restart of the supervisor.
namespace mdl::local::supervisor {

namespace {

constexpr std::array<std::string_view, 4> attempts{"none", "waiting", "ready", "failed"};

}  // namespace

// With its settings, for one that is no longer in the state while its replicas end; not with its secrets.
Value Release::hand_over(Handover& handover) const {
  auto replicas = Value::array();
  for (const auto& [number, replica] : replicas_) replicas.push(replica->hand_over(handover));
  return Value::object({{"release", settings_.number},
                        {"revision", settings_.revision},
                        {"spec", settings_.spec},
                        {"wanted", wanted_},
                        {"live", live_},
                        {"attempt", attempts[static_cast<std::size_t>(attempt_)]},
                        {"failure", failure_},
                        {"replicas", std::move(replicas)}});
}

void Release::take_over(const Value& value) {
  wanted_ = static_cast<int>(value["wanted"].as_integer());
  live_ = value["live"].as_bool();
  failure_ = value["failure"];
  const auto found = std::ranges::find(attempts, value["attempt"].as_string());
  attempt_ = found == attempts.end() ? Attempt::none : static_cast<Attempt>(found - attempts.begin());
  for (const auto& one : value["replicas"].as_array())
    make_replica(static_cast<int>(one["replica"].as_integer())).take_over(one);
}

void Release::abandon() {
  for (const auto& [number, replica] : replicas_) replica->abandon();
}

}  // namespace mdl::local::supervisor
