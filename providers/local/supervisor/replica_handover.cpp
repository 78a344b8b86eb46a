#include <algorithm>
#include <array>

#include "providers/local/supervisor/replica.hpp"

// A replica over a restart of the supervisor: nothing of it is started anew.
namespace mdl::local::supervisor {

namespace {

constexpr std::array states{Replica::State::starting, Replica::State::healthy, Replica::State::failing,
                            Replica::State::stopped};

Replica::State state_named(std::string_view name) {
  const auto found = std::ranges::find(states, name, [](Replica::State state) { return to_string(state); });
  return found == states.end() ? Replica::State::failing : *found;
}

}  // namespace

Value Replica::hand_over(Handover& handover) const {
  return Value::object({{"replica", settings_.number},
                        {"state", std::string(to_string(state_))},
                        {"port", int{port_}},
                        {"process", process_ ? process_->hand_over(handover) : Value()},
                        {"log", log_->hand_over()},
                        {"gpus", Value(gpus_.ids())},
                        {"seen", seen_},
                        {"reason", reason_},
                        {"misses", misses_},
                        {"restarts", restarts_},
                        {"crashes", backoff_.crashes()},
                        {"healthy_once", healthy_once_},
                        {"terminating", terminating_},
                        {"healthy_since", healthy_since_.count()},
                        {"last_healthy", last_healthy_.count()},
                        {"start_by", start_by_.count()},
                        {"stop_by", stop_by_.count()},
                        {"restart_at", restart_at_.count()}});
}

void Replica::take_over(const Value& value) {
  const auto time = [&](const char* name) { return std::chrono::nanoseconds(value[name].as_integer()); };
  const auto number = [&](const char* name) { return static_cast<int>(value[name].as_integer()); };
  log_->take_over(value["log"]);
  port_ = static_cast<std::uint16_t>(number("port"));
  if (auto ids = value["gpus"].as_strings(); !ids.empty())
    gpus_ = host_.gpus.take_over(std::move(ids), settings_.holder);
  state_ = state_named(value["state"].as_string());
  seen_ = value["seen"].as_string();
  reason_ = value["reason"].as_string();
  misses_ = number("misses");
  restarts_ = number("restarts");
  backoff_ = Backoff(number("crashes"));
  healthy_once_ = value["healthy_once"].as_bool();
  terminating_ = value["terminating"].as_bool();
  healthy_since_ = time("healthy_since");
  last_healthy_ = time("last_healthy");
  start_by_ = time("start_by");
  stop_by_ = time("stop_by");
  restart_at_ = time("restart_at");
  last_answer_ = {.outcome = Answer::Outcome::refused};
  if (!value["process"].is_null()) {
    auto process = Process::take_over(host_.loop, host_.keeper, value["process"], process_events());
    if (process) {
      process_ = std::move(*process);
    } else {
      state_ = State::failing;
      log_->note(settings_.name() + " was lost at a restart of the supervisor: " + process.error().message);
    }
  }
  resume();
}

// Sets the timers that had been set.
void Replica::resume() {
  const auto now = host_.clock.elapsed();
  const auto left = [&](std::chrono::nanoseconds until) {
    return std::chrono::ceil<Milliseconds>(std::max(until - now, std::chrono::nanoseconds(0)));
  };
  if (!process_) {
    if (state_ == State::stopped) return finish_stop();
    restart_timer_ = host_.loop.after(left(restart_at_), [this] { start(); });
  } else if (state_ == State::starting) {
    start_timer_ = host_.loop.after(left(start_by_), [this] { start_timed_out(); });
    probe_after(starting_pause());
  } else if (state_ == State::healthy) {
    probe_after(healthy_pause);
  } else if (state_ == State::failing || terminating_) {
    kill_after(std::max(stop_by_ - now, std::chrono::nanoseconds(0)));
  } else if (!events_.busy(*this)) {
    terminate();
  } else {
    stop_timer_ = host_.loop.after(left(stop_by_), [this] { terminate(); });
  }
}

void Replica::abandon() {
  for (auto* timer : {&probe_timer_, &start_timer_, &stop_timer_, &restart_timer_}) timer->reset();
  get_.reset();
  if (process_) process_->abandon();
}

}  // namespace mdl::local::supervisor
