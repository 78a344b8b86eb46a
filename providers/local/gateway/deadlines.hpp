#pragma once

#include <boost/intrusive/set.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "providers/local/gateway/signal.hpp"

namespace mdl::local::gateway {

class Deadlines;

// Calls `expired` once when its time has come, unless it was set anew or cleared before.
class Deadline : public boost::intrusive::set_base_hook<> {
 public:
  Deadline(Deadlines& all, std::function<void()> expired) : all_(all), expired_(std::move(expired)) {}
  ~Deadline() { clear(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(std::chrono::nanoseconds from_now);
  void clear();

  bool operator<(const Deadline& other) const { return when_ < other.when_; }

 private:
  friend class Deadlines;
  Deadlines& all_;
  std::function<void()> expired_;
  std::chrono::steady_clock::time_point when_;
};

// One timer for all deadlines. Nearly all of them are cleared before their time, so the timer is not moved
// for each: it fires at the earliest that was ever set, and then looks again. Setting one costs no system
// call.
class Deadlines : public std::enable_shared_from_this<Deadlines> {
 public:
  explicit Deadlines(Executor executor) : timer_(executor) {}
  void stop();

 private:
  friend class Deadline;
  using Time = std::chrono::steady_clock::time_point;
  void arm(Time when);
  void fire();

  Timer timer_;
  Time armed_ = Time::max();
  boost::intrusive::multiset<Deadline> pending_;
};

}  // namespace mdl::local::gateway
