#include "providers/local/supervisor/replica.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "core/util/text.hpp"
#include "providers/local/supervisor/failure.hpp"

namespace mdl::local::supervisor {

namespace {

constexpr Milliseconds probe_timeout{2'000}, stop_grace{10'000};
constexpr int most_misses = 3;
constexpr std::size_t looked_at = 64 << 10;

}  // namespace

std::string_view to_string(Replica::State state) {
  switch (state) {
    case Replica::State::starting:
      return "starting";
    case Replica::State::healthy:
      return "healthy";
    case Replica::State::failing:
      return "failing";
    case Replica::State::stopped:
      break;
  }
  return "stopped";
}

Replica::Replica(const Host& host, ReplicaSettings settings, std::unique_ptr<LogWriter> log,
                 ReplicaEvents events)
    : host_(host), settings_(std::move(settings)), log_(std::move(log)), events_(std::move(events)) {}

Replica::~Replica() {
  if (port_ != 0) host_.ports.give_back(port_);
}

void Replica::enter(State state) {
  if (state_ == state) return;
  state_ = state;
  events_.changed(*this);
}

void Replica::start() {
  restart_timer_.reset();
  healthy_once_ = false;
  misses_ = 0;
  reason_.clear();
  last_answer_ = {.outcome = Answer::Outcome::refused};
  seen_ = "connection refused";
  if (port_ != 0) host_.ports.give_back(port_);
  port_ = 0;
  const auto port = host_.ports.take();
  if (!port) return launch_failed(port.error());
  port_ = *port;
  if (settings_.gpus > 0 && gpus_.empty()) {
    auto lease = host_.gpus.take(settings_.gpus, settings_.holder);
    if (!lease) return launch_failed(lease.error());
    gpus_ = std::move(*lease);
  }
  const auto launch = events_.launch(*this, port_);
  if (!launch) return launch_failed(launch.error());
  auto process = Process::start(host_.loop, host_.keeper, *launch, process_events());
  if (!process) return launch_failed(process.error());
  process_ = std::move(*process);
  start_by_ = host_.clock.elapsed() + settings_.start_timeout;
  start_timer_ = host_.loop.after(settings_.start_timeout, [this] { start_timed_out(); });
  enter(State::starting);
  probe_after(starting_pause());
}

Milliseconds Replica::starting_pause() const {
  if (last_answer_.outcome != Answer::Outcome::refused) return Milliseconds(20);
  const auto since = std::chrono::duration_cast<Milliseconds>(host_.clock.elapsed() - started());
  return std::clamp(since / 64, Milliseconds(2), Milliseconds(10));
}

ProcessEvents Replica::process_events() {
  return {.on_output = [this](bool error, std::string_view bytes) { log_->append(error, bytes); },
          .on_exit = [this](int status) { ended(status); }};
}

void Replica::launch_failed(const Error& error) {
  const auto text = error.message + (error.quoted.empty() ? "" : ": " + error.quoted);
  log_->note(settings_.name() + " was not started: " + text);
  seen_ = text;
  if (!events_.may_restart(*this)) {
    enter(State::failing);
    return events_.failed(*this, launch_failure(settings_.name(), text));
  }
  again();
}

void Replica::probe_after(Milliseconds wait) {
  probe_timer_ = host_.loop.after(wait, [this] { probe(); });
}

void Replica::probe() {
  get_ = http_get(host_.loop, port_, settings_.health, probe_timeout, looked_at,
                  [this](const Answer& answer) { answered(answer); });
}

void Replica::answered(const Answer& answer) {
  if (!process_ || state_ == State::stopped || state_ == State::failing) return;
  last_answer_ = answer;
  const bool healthy = answer.outcome == Answer::Outcome::answered && answer.status / 100 == 2;
  if (!healthy) return missed(answer);
  misses_ = 0;
  last_healthy_ = host_.clock.elapsed();
  if (!std::exchange(healthy_once_, true)) {
    healthy_since_ = last_healthy_;
    events_.started(std::chrono::duration_cast<Milliseconds>(healthy_since_ - started()));
  }
  start_timer_.reset();
  seen_.clear();
  probe_after(healthy_pause);
  enter(State::healthy);
}

void Replica::missed(const Answer& answer) {
  seen_ = describe(answer, settings_.health);
  if (state_ == State::starting) return probe_after(starting_pause());
  if (answer.outcome == Answer::Outcome::unasked) return probe_after(healthy_pause);
  // One that works on requests may be too busy to answer, for as long as a request may take.
  const bool excused = answer.outcome == Answer::Outcome::silent && events_.busy(*this) &&
                       host_.clock.elapsed() - last_healthy_ < settings_.timeout;
  if (!excused && ++misses_ >= most_misses) return restart(seen_, SIGTERM);
  probe_after(healthy_pause);
}

void Replica::check_now() {
  if (state_ == State::healthy && process_) probe();
}

void Replica::restart(const std::string& reason, int signal) {
  reason_ = reason;
  get_.reset();
  probe_timer_.reset();
  process_->signal_group(signal);
  kill_after(stop_grace);
  enter(State::failing);
}

void Replica::start_timed_out() {
  if (!process_ || state_ != State::starting) return;
  const auto usage = sample_usage({process_->pid()})[process_->pid()];
  auto failure = start_failure(usage);
  if (events_.may_restart(*this)) return restart(failure["detail"].as_string(), SIGKILL);
  log_->note(failure["detail"].as_string());
  events_.failed(*this, std::move(failure));
}

std::chrono::nanoseconds Replica::starting_for() const {
  return state_ == State::starting && process_ ? host_.clock.elapsed() - started()
                                               : std::chrono::nanoseconds(0);
}

std::string Replica::waiting_for() const {
  std::string_view seen = seen_;
  if (seen.starts_with(settings_.health + " ")) seen.remove_prefix(settings_.health.size() + 1);
  return "waiting for " + settings_.health + ": " + std::string(seen);
}

Value Replica::start_failure(const Usage& usage) const {
  return timeout_failure(settings_.name(), last_answer_, settings_.health, settings_.start_timeout, port_,
                         listening_ports(usage), log_->last_lines(20));
}

void Replica::sampled(const Usage& usage) {
  usage_ = usage;
  if (settings_.memory_bytes <= 0 || usage.memory_bytes <= settings_.memory_bytes || !process_ ||
      !reason_.empty())
    return;
  // Workers that were forked share pages: only what is really used counts.
  if (proportional_memory(usage).value_or(usage.memory_bytes) <= settings_.memory_bytes) return;
  reason_ = "out of memory (limit " + readable_limit(settings_.memory_bytes) + ")";
  process_->signal_group(SIGKILL);
}

void Replica::ended(int status) {
  log_->flush();
  process_.reset();
  get_.reset();
  usage_ = {};
  for (auto* timer : {&probe_timer_, &start_timer_, &stop_timer_}) timer->reset();
  if (state_ == State::stopped) return finish_stop();
  auto exit = "exit " + std::to_string(status) + (reason_.empty() ? "" : ", " + reason_);
  if (!healthy_once_ && !events_.may_restart(*this)) {
    auto failure = exit_failure(settings_.name(), status, reason_, settings_.health, log_->last_lines(20));
    log_->note(failure["detail"].as_string());
    state_ = State::failing;
    return events_.failed(*this, std::move(failure));
  }
  log_->note(settings_.name() + " restarted: " + exit);
  seen_ = "restarted: " + exit;
  again();
}

void Replica::again() {
  const auto healthy_for =
      healthy_once_ ? host_.clock.elapsed() - healthy_since_ : std::chrono::nanoseconds(0);
  ++restarts_;
  const auto wait = backoff_.next(healthy_for);
  restart_at_ = host_.clock.elapsed() + wait;
  restart_timer_ = host_.loop.after(wait, [this] { start(); });
  enter(State::failing);
}

void Replica::stop(bool busy, Milliseconds drain) {
  if (state_ == State::stopped) return hurry(drain);
  for (auto* timer : {&probe_timer_, &start_timer_, &restart_timer_, &stop_timer_}) timer->reset();
  get_.reset();
  enter(State::stopped);
  if (!process_) return finish_stop();
  if (!busy) return terminate();
  stop_by_ = host_.clock.elapsed() + drain;
  stop_timer_ = host_.loop.after(drain, [this] { terminate(); });
}

void Replica::hurry(Milliseconds drain) {
  const auto now = host_.clock.elapsed();
  if (!process_ || terminating_ || stop_by_ <= now + drain) return;
  stop_by_ = now + drain;
  stop_timer_ = host_.loop.after(drain, [this] { terminate(); });
}

void Replica::drained() {
  if (state_ == State::stopped && process_ && !terminating_) terminate();
}

void Replica::terminate() {
  terminating_ = true;
  process_->signal_group(SIGTERM);
  kill_after(stop_grace);
}

void Replica::kill_after(std::chrono::nanoseconds grace) {
  stop_by_ = host_.clock.elapsed() + grace;
  stop_timer_ = host_.loop.after(std::chrono::ceil<Milliseconds>(grace), [this] {
    if (!process_) return;
    if (state_ == State::stopped)
      log_->note(settings_.name() + " killed: it did not end within 10s after SIGTERM");
    process_->signal_group(SIGKILL);
  });
}

// Later, so that the owner does not destroy this replica from within one of its functions; with a copy of the
// handler, which goes with it.
void Replica::finish_stop() {
  stop_timer_ = host_.loop.after(Milliseconds(0), [this, stopped = events_.stopped] { stopped(*this); });
}

}  // namespace mdl::local::supervisor
