#include <algorithm>

#include "providers/local/gateway/histogram.hpp"
#include "providers/local/gateway/scheduler.hpp"

// What the scheduler says to, and hears from, the one of another process.
namespace mdl::local::gateway {

std::vector<std::shared_ptr<Replica>> Scheduler::all() const {
  auto replicas = draining_;
  for (const auto& [number, release] : releases_)
    replicas.insert(replicas.end(), release.replicas.begin(), release.replicas.end());
  return replicas;
}

void Scheduler::set_elsewhere(const std::vector<std::pair<Upstream, int>>& in_flight,
                              const std::vector<std::pair<int, int>>& held) {
  for (const auto& replica : all()) replica->elsewhere = 0;
  for (auto& [number, release] : releases_) {
    if (release.open()) release.last = clock_.elapsed();
    release.elsewhere = release.held_elsewhere = 0;
  }
  held_elsewhere_ = 0;
  for (const auto& [upstream, count] : in_flight) {
    auto replica = find(upstream);
    if (!replica) {
      replica = std::make_shared<Replica>(Replica{.upstream = upstream, .routed = false});
      draining_.push_back(replica);
    }
    replica->elsewhere += count;
    releases_[upstream.release].elsewhere += count;
  }
  for (const auto& [number, count] : held) {
    releases_[number].held_elsewhere += count;
    held_elsewhere_ += count;
  }
  for (const auto& replica : std::vector(draining_)) finish_if_drained(replica);
  for (auto& [number, release] : releases_) {
    serve_waiting(release);
    if (release.held_elsewhere > 0) hooks_.demand(number);
  }
}

std::vector<std::pair<Upstream, int>> Scheduler::own_in_flight() const {
  std::vector<std::pair<Upstream, int>> result;
  for (const auto& replica : all())
    if (replica->in_flight > 0) result.emplace_back(replica->upstream, replica->in_flight);
  return result;
}

std::vector<std::pair<int, int>> Scheduler::own_held() const {
  std::vector<std::pair<int, int>> result;
  for (const auto& [number, release] : releases_)
    if (!release.waiting.empty()) result.emplace_back(number, static_cast<int>(release.waiting.size()));
  return result;
}

void Scheduler::add(const GatewayStats& more) {
  GatewayStats& stats = releases_[more.release].stats;
  stats.requests += more.requests;
  stats.errors += more.errors;
  if (more.histogram.empty()) return;
  stats.histogram.resize(histogram_size);
  for (std::size_t i = 0; i < std::min(more.histogram.size(), stats.histogram.size()); ++i)
    stats.histogram[i] += more.histogram[i];
}

}  // namespace mdl::local::gateway
