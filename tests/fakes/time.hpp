#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "core/util/clock.hpp"

// Virtual time for tests: it moves only when a test or a FakeSleeper moves it. Threads may share both.
namespace mdl::fakes {

class FakeClock final : public Clock {
 public:
  // Starts at 2026-11-24T12:00:00Z.
  explicit FakeClock(Time start = Time{std::chrono::seconds{1'795'521'600}}) : start_(start) {}

  Time now() const override { return start_ + std::chrono::nanoseconds{passed_.load() + jumped_.load()}; }
  std::chrono::nanoseconds elapsed() const override { return std::chrono::nanoseconds{passed_.load()}; }

  void advance(std::chrono::nanoseconds by) { passed_ += by.count(); }
  // Sets the wall clock off, as an administrator or NTP does; elapsed() does not notice.
  void jump(std::chrono::nanoseconds by) { jumped_ += by.count(); }

 private:
  Time start_;
  std::atomic<std::int64_t> passed_{0}, jumped_{0};
};

// Advances the clock instead of waiting, and keeps what was asked for.
class FakeSleeper final : public Sleeper {
 public:
  explicit FakeSleeper(FakeClock& clock) : clock_(clock) {}

  void sleep(Milliseconds duration) override {
    clock_.advance(duration);
    const std::lock_guard lock(mutex_);
    slept_.push_back(duration);
  }
  std::vector<Milliseconds> slept() const {
    const std::lock_guard lock(mutex_);
    return slept_;
  }

 private:
  FakeClock& clock_;
  mutable std::mutex mutex_;
  std::vector<Milliseconds> slept_;
};

class FakeInterrupt final : public Interrupt {
 public:
  bool requested() const override { return requested_; }
  void request() { requested_ = true; }

 private:
  std::atomic<bool> requested_{false};
};

}  // namespace mdl::fakes
