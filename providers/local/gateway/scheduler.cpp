#include "providers/local/gateway/scheduler.hpp"

#include <algorithm>

#include "providers/local/gateway/histogram.hpp"

namespace mdl::local::gateway {

namespace {

constexpr std::chrono::seconds avoid_time{1};

}  // namespace

void Scheduler::update(const Route& route) {
  route_ = route;
  route_.concurrency = std::max(1, route_.concurrency);
  split_.assign(route_.split);
  replace_upstreams(route_.upstreams);
  split_anew();
  for (auto& [number, release] : releases_) {
    serve_waiting(release);
    if (!release.waiting.empty() || release.held_elsewhere > 0) hooks_.demand(number);
  }
}

void Scheduler::close() {
  route_ = {};
  split_.assign({});
  replace_upstreams({});
  split_anew();
}

void Scheduler::replace_upstreams(const std::vector<Upstream>& upstreams) {
  std::vector<std::shared_ptr<Replica>> known = std::move(draining_);
  draining_.clear();
  for (auto& [number, release] : releases_) {
    known.insert(known.end(), release.replicas.begin(), release.replicas.end());
    release.replicas.clear();
  }
  for (const auto& upstream : upstreams) {
    const auto at =
        std::ranges::find_if(known, [&](const auto& replica) { return replica->upstream == upstream; });
    std::shared_ptr<Replica> replica;
    if (at != known.end()) {
      replica = std::move(*at);
      known.erase(at);
    } else {
      replica = std::make_shared<Replica>(Replica{.upstream = upstream});
      releases_[upstream.release].refused_since = {};
    }
    replica->routed = true;
    replica->avoid_until = {};
    releases_[upstream.release].replicas.push_back(std::move(replica));
  }
  for (auto& replica : known) {
    const bool was_routed = std::exchange(replica->routed, false);
    draining_.push_back(replica);
    if (was_routed) {
      hooks_.closed(replica->upstream);
      finish_if_drained(replica);
    }
  }
}

void Scheduler::split_anew() {
  std::vector<Ticket*> moved;
  for (auto& [number, release] : releases_) {
    if (split_.contains(number)) continue;
    const auto all = release.waiting.take_all();
    moved.insert(moved.end(), all.begin(), all.end());
  }
  for (Ticket* ticket : moved) {
    --held_;
    if (split_.empty()) {
      refuse(*ticket);
      continue;
    }
    ticket->release_ = split_.next();
    hold(*ticket, releases_[ticket->release_], false);
  }
}

Scheduler::Turn Scheduler::enter(Ticket& ticket) {
  if (split_.empty()) return Turn::nothing_live;
  ticket.release_ = split_.next();
  Release& release = releases_[ticket.release_];
  if (auto replica = release.waiting.empty() ? pick(release) : nullptr) {
    place(ticket, release, std::move(replica));
    return Turn::placed;
  }
  if (held() >= route_.max_held && !make_room(ticket)) return Turn::full;
  hold(ticket, release, false);
  hooks_.demand(ticket.release_);
  return Turn::held;
}

void Scheduler::leave(Ticket& ticket) {
  if (ticket.phase_ == Ticket::Phase::outside || ticket.phase_ == Ticket::Phase::refused) return;
  Release& release = releases_[ticket.release_];
  release.last = clock_.elapsed();
  if (ticket.phase_ == Ticket::Phase::held) {
    release.waiting.erase(ticket);
    --held_;
    ticket.phase_ = Ticket::Phase::outside;
  } else {
    unplace(ticket, release);
  }
  // Also behind one that waited: the replica may have had room for it, and refused.
  serve_waiting(release);
}

void Scheduler::avoid(Replica& replica) {
  if (!avoided(replica) && hooks_.unreachable) hooks_.unreachable(replica.upstream);
  replica.avoid_until = clock_.elapsed() + avoid_time;
}

bool Scheduler::avoided(const Replica& replica) const {
  return replica.avoid_until.count() != 0 && clock_.elapsed() < replica.avoid_until;
}

Scheduler::Turn Scheduler::refused(Ticket& ticket) {
  Release& release = releases_[ticket.release_];
  const auto failed = ticket.replica_;
  avoid(*failed);
  if (release.refused_since.count() == 0) release.refused_since = clock_.elapsed();
  unplace(ticket, release);
  const bool others = std::ranges::any_of(release.replicas, [&](const auto& r) { return !avoided(*r); });
  if (auto replica = others ? pick(release) : nullptr) {
    place(ticket, release, std::move(replica));
    return Turn::placed;
  }
  if (!others && held() >= route_.max_held) {
    release.last = clock_.elapsed();
    return Turn::full;
  }
  hold(ticket, release, true);
  hooks_.demand(ticket.release_);
  return Turn::held;
}

void Scheduler::retry(Ticket& ticket) {
  Release& release = releases_[ticket.release_];
  if (ticket.phase_ != Ticket::Phase::held) return;
  auto replica = pick(release);
  if (!replica) return;
  release.waiting.erase(ticket);
  --held_;
  place(ticket, release, std::move(replica));
}

void Scheduler::reached(const Ticket& ticket) {
  Release& release = releases_[ticket.release_];
  if (release.refused_since.count() == 0) return;
  release.refused_since = ticket.replica_->avoid_until = {};
  serve_waiting(release);
}

std::chrono::nanoseconds Scheduler::refused_since(int number) const {
  const auto at = releases_.find(number);
  return at == releases_.end() ? std::chrono::nanoseconds(0) : at->second.refused_since;
}

Scheduler::Turn Scheduler::move(Ticket& ticket) {
  Release& release = releases_[ticket.release_];
  const Replica* failed = ticket.replica_.get();
  ticket.replica_->avoid_until = clock_.elapsed() + avoid_time;
  const bool others = std::ranges::any_of(release.replicas, [&](const auto& r) { return r.get() != failed; });
  if (!others) return Turn::nothing_live;
  auto replica = pick(release, failed);
  unplace(ticket, release);
  if (replica) {
    place(ticket, release, std::move(replica));
    return Turn::placed;
  }
  hold(ticket, release, true);
  hooks_.demand(ticket.release_);
  return Turn::held;
}

std::shared_ptr<Replica> Scheduler::pick(Release& release, const Replica* except) {
  const auto& replicas = release.replicas;
  const std::size_t count = replicas.size();
  const bool choosy = std::ranges::any_of(replicas, [&](const auto& replica) { return !avoided(*replica); });
  std::size_t best = count;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (release.cursor + i) % count;
    const Replica& replica = *replicas[at];
    if (replica.load() >= route_.concurrency || &replica == except) continue;
    if (choosy && avoided(replica)) continue;
    if (best == count || replica.load() < replicas[best]->load()) best = at;
  }
  if (best == count) return nullptr;
  release.cursor = best + 1;
  return replicas[best];
}

void Scheduler::place(Ticket& ticket, Release& release, std::shared_ptr<Replica> replica) {
  ++replica->in_flight;
  ++release.in_flight;
  ticket.replica_ = std::move(replica);
  ticket.phase_ = Ticket::Phase::placed;
}

void Scheduler::unplace(Ticket& ticket, Release& release) {
  const auto replica = std::move(ticket.replica_);
  ticket.replica_ = nullptr;
  ticket.phase_ = Ticket::Phase::outside;
  --replica->in_flight;
  --release.in_flight;
  finish_if_drained(replica);
}

void Scheduler::hold(Ticket& ticket, Release& release, bool first) {
  ticket.phase_ = Ticket::Phase::held;
  if (first) {
    release.waiting.push_ahead(ticket);
  } else {
    release.waiting.push(ticket);
  }
  ++held_;
}

bool Scheduler::make_room(const Ticket& ticket) {
  WaitingLine* fullest = nullptr;
  for (auto& [number, release] : releases_)
    if (!fullest || release.waiting.most() > fullest->most()) fullest = &release.waiting;
  if (!fullest || fullest->most() < fullest->waiting(ticket.client()) + 2) return false;
  Ticket& newest = *fullest->newest_of_most();
  fullest->erase(newest);
  --held_;
  refuse(newest);
  return true;
}

void Scheduler::refuse(Ticket& ticket) {
  ticket.phase_ = Ticket::Phase::refused;
  releases_[ticket.release_].last = clock_.elapsed();
  ticket.on_turn();
}

void Scheduler::serve_waiting(Release& release) {
  while (!release.waiting.empty()) {
    auto replica = pick(release);
    if (!replica) return;
    Ticket& ticket = release.waiting.pop();
    --held_;
    place(ticket, release, std::move(replica));
    ticket.on_turn();
  }
}

void Scheduler::finish_if_drained(const std::shared_ptr<Replica>& replica) {
  if (replica->routed || replica->load() > 0) return;
  std::erase(draining_, replica);
  hooks_.drained(replica->upstream);
}

void Scheduler::count(int number, bool error, std::optional<std::chrono::nanoseconds> took) {
  GatewayStats& stats = releases_[number].stats;
  ++stats.requests;
  if (error) ++stats.errors;
  if (!took) return;
  if (stats.histogram.empty()) stats.histogram.resize(histogram_size);
  ++stats.histogram[histogram_bucket(*took)];
}

int Scheduler::held(int number) const {
  const auto at = releases_.find(number);
  if (at == releases_.end()) return 0;
  return static_cast<int>(at->second.waiting.size()) + at->second.held_elsewhere;
}

int Scheduler::in_flight(int number) const {
  const auto at = releases_.find(number);
  return at == releases_.end() ? 0 : at->second.in_flight + at->second.elsewhere;
}

std::shared_ptr<Replica> Scheduler::find(const Upstream& upstream) const {
  const auto same = [&](const auto& replica) { return replica->upstream == upstream; };
  if (const auto at = std::ranges::find_if(draining_, same); at != draining_.end()) return *at;
  const auto release = releases_.find(upstream.release);
  if (release == releases_.end()) return nullptr;
  const auto& replicas = release->second.replicas;
  const auto at = std::ranges::find_if(replicas, same);
  return at == replicas.end() ? nullptr : *at;
}

bool Scheduler::known(const Upstream& upstream) const { return find(upstream) != nullptr; }

int Scheduler::in_flight(const Upstream& upstream) const {
  const auto replica = find(upstream);
  return replica == nullptr ? 0 : replica->load();
}

std::chrono::nanoseconds Scheduler::last_request(int number) const {
  const auto at = releases_.find(number);
  if (at == releases_.end()) return {};
  const Release& release = at->second;
  return release.open() ? clock_.elapsed() : release.last;
}

std::vector<GatewayStats> Scheduler::take_stats() {
  std::vector<GatewayStats> all;
  for (auto& [number, release] : releases_) {
    if (release.stats.requests == 0) continue;
    GatewayStats stats = std::exchange(release.stats, {});
    stats.release = number;
    stats.histogram.resize(histogram_size);
    all.push_back(std::move(stats));
  }
  return all;
}

}  // namespace mdl::local::gateway
