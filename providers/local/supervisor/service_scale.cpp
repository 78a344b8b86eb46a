#include <algorithm>

#include "providers/local/supervisor/service.hpp"

// How many replicas each release has over time, and what they are counted to do.
namespace mdl::local::supervisor {

namespace {

using Phase = ReleaseRow::Phase;

// A release that was just started or woken waits at least so long for its traffic.
constexpr Milliseconds shortest_wake{60'000};

}  // namespace

void Service::scale() {
  if (stopping_ || scaling_) return;
  scaling_ = true;  // starting and stopping reports changes, which must not scale again
  alone_ = alone_ || row_.rests_for != 0;
  if (alone_) hurry(request_timeout());
  std::vector<std::pair<Release*, int>> starting;
  bool ending = std::ranges::any_of(leaving_, [](const auto& release) { return !release->empty(); });
  for (const auto& row : row_.releases) {
    auto& release = *releases_.at(row.release);
    auto& course = courses_[row.release];
    const int wanted =
        release.has_failed() ? 0 : with_gpus(release, course, wanted_for(row, release, course));
    if (alone_ && wanted > 0 && release.empty()) {
      starting.emplace_back(&release, wanted);
      continue;
    }
    release.scale_to(wanted, alone_ ? request_timeout() : longest_stream);
    ending = ending || (wanted == 0 && !release.empty());
  }
  // Where two releases cannot stand side by side, one starts when the last replica of the others has ended.
  for (const auto& [release, wanted] : starting)
    if (!ending) release->scale_to(wanted);
  if (!ending) alone_ = row_.rests_for != 0;
  scaling_ = false;
  std::erase_if(leaving_, [](const auto& release) { return release->empty(); });
}

// What is being stopped was given time for its streams, which there is not where a release must stand alone,
// or where all ends.
void Service::hurry(Milliseconds drain) {
  for (const auto& [number, release] : releases_) release->hurry(drain);
  for (const auto& release : leaving_) release->hurry(drain);
}

// No more than there are devices for; one is started all the same, so that it is said what it lacks.
int Service::with_gpus(Release& release, Course& course, int wanted) {
  const int each = release.gpus_each();
  int possible = wanted;
  if (each > 0 && wanted > 0)
    possible = std::clamp((release.gpus_held() + around_.host.gpus.free()) / each, 1, wanted);
  course.without_gpus = wanted - possible;
  return possible;
}

void Service::on_change() {
  update_route();
  if (!alone_ || turn_) return;
  turn_ = around_.host.loop.after(Milliseconds(0), [this] {
    const auto done = std::move(turn_);
    scale();
  });
}

int Service::wanted_for(const ReleaseRow& row, Release& release, Course& course) {
  const auto now = around_.host.clock.elapsed();
  const auto share = row_.share(row.release);
  if (row_.rests_for != 0 && row.release != row_.rests_for) return 0;
  if (share > 0) {
    const int load = around_.gateway.in_flight(key_, row.release) + around_.gateway.held(key_, row.release);
    const int wanted =
        course.window.update(limits_, load, now, around_.gateway.last_request(key_, row.release));
    return release.attempting() ? std::max(1, wanted) : wanted;
  }
  if (row.phase != Phase::up) return 0;
  const auto warm = course.woken ? std::max(limits_.warm, shortest_wake) : limits_.warm;
  const auto over = now - course.warm_since - warm;
  const bool busy = around_.gateway.in_flight(key_, row.release) > 0 && over < longest_stream;
  if (!release.attempting() && over >= Milliseconds(0) && !busy) {
    rest(row);
    return 0;
  }
  return std::max({release.wanted(), limits_.min, 1});
}

void Service::rest(const ReleaseRow& row) {
  courses_[row.release].resting = true;
  stored(around_.state.set_phase(ref_, row.release, Phase::resting), "that a release rests");
  for (auto& one : row_.releases)
    if (one.release == row.release) one.phase = Phase::resting;
}

void Service::tick(const std::map<pid_t, Usage>& usage) {
  count(usage);
  if (stopping_) return;
  if (!gateway_problem_.empty()) {
    apply_gateway();
    update_route();
  }
  scale();
}

void Service::count(const std::map<pid_t, Usage>& usage) {
  const auto stats = around_.gateway.take_stats(key_);
  const auto second =
      std::chrono::floor<std::chrono::seconds>(around_.host.clock.now()).time_since_epoch().count();
  for (const auto& [number, release] : releases_) {
    double cpu = 0;
    std::int64_t memory = 0;
    for (const auto& [id, replica] : release->replicas()) {
      const auto found = usage.find(replica->pid());
      if (replica->pid() == 0 || found == usage.end()) continue;
      cpu += found->second.cpu_seconds;
      memory += found->second.memory_bytes;
      replica->sampled(found->second);
    }
    auto& course = courses_[number];
    const auto used = std::max(0.0, cpu - course.cpu_before);  // less after a replica ended
    course.cpu_before = cpu;
    const auto counted = std::ranges::find(stats, number, &GatewayStats::release);
    if (release->empty() && counted == stats.end()) continue;
    metrics_.add(second, number, counted == stats.end() ? nullptr : &*counted, release->healthy(), used,
                 memory);
  }
}

}  // namespace mdl::local::supervisor
