#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>

#include "providers/local/gateway/asio.hpp"

namespace mdl::local::gateway {

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

// Wakes one coroutine. A notification before the wait is kept. A timer that never ends, so that the event
// loop owns what waits and frees it when it ends first.
class Signal {
 public:
  explicit Signal(Executor executor) : timer_(executor, Timer::time_point::max()) {}

  Awaitable<void> wait() {
    while (!set_) {
      error_code cancelled;
      co_await timer_.async_wait(into(cancelled));
    }
    set_ = false;
  }
  void notify() {
    set_ = true;
    timer_.cancel();
  }

 private:
  Timer timer_;
  bool set_ = false;
};

}  // namespace mdl::local::gateway
