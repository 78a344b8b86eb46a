#include "providers/local/supervisor/backoff.hpp"

#include <algorithm>

namespace mdl::local::supervisor {

Milliseconds Backoff::next(std::chrono::nanoseconds healthy_for) {
  if (healthy_for >= std::chrono::seconds(10)) crashes_ = 0;
  const int doublings = std::min(crashes_, 9);
  ++crashes_;
  return std::min(Milliseconds(100) * (1 << doublings), Milliseconds(30'000));
}

}  // namespace mdl::local::supervisor
