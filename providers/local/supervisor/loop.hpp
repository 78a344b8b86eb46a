#pragma once

#include <functional>
#include <memory>

#include "core/util/clock.hpp"

namespace boost::asio {
class io_context;
}

namespace mdl::local::supervisor {

// Timers of the supervisor's single thread, so that only few files include Asio.
class Loop {
 public:
  explicit Loop(boost::asio::io_context& io) : io_(io) {}
  // Calls `action` once, after `duration`. Destroying the result before then prevents the call.
  [[nodiscard]] std::shared_ptr<void> after(Milliseconds duration, std::function<void()> action);
  // Calls `action` soon, never from within this call.
  void post(std::function<void()> action);
  boost::asio::io_context& io() { return io_; }

 private:
  boost::asio::io_context& io_;
};
using Timer = std::shared_ptr<void>;

}  // namespace mdl::local::supervisor
