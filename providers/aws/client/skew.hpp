#pragma once

#include <atomic>
#include <memory>

#include "core/http/transport.hpp"

namespace mdl::aws {

// How far AWS's clock is ahead of this machine's, as far as it was found out. Threads may share it.
class Skew {
 public:
  Time corrected(Time now) const { return now + std::chrono::nanoseconds{ahead_.load()}; }
  void set(std::chrono::nanoseconds ahead) { ahead_ = ahead.count(); }

 private:
  std::atomic<std::int64_t> ahead_{0};
};

// When AWS refuses a request for its time, and its own Date differs from ours by more than a minute, notes
// the difference in `skew` and sends the request once more; `next` signs with the corrected time. The answer
// to that one is the answer. `skew` outlives it.
std::unique_ptr<http::Transport> with_skew_correction(std::unique_ptr<http::Transport> next, Clock& clock,
                                                      Skew& skew);

}  // namespace mdl::aws
