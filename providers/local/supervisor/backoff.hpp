#pragma once

#include <chrono>

#include "core/util/clock.hpp"

namespace mdl::local::supervisor {

// How long a crashed replica waits before it is started again: 0.1 s, doubling to 30 s; from the beginning
// again once it was healthy for 10 s.
class Backoff {
 public:
  explicit Backoff(int crashes = 0) : crashes_(crashes) {}
  // Called for each crash with how long the replica had been healthy (0: never). Returns the wait.
  Milliseconds next(std::chrono::nanoseconds healthy_for);
  int crashes() const { return crashes_; }  // since the last reset

 private:
  int crashes_ = 0;
};

}  // namespace mdl::local::supervisor
