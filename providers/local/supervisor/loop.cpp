#include "providers/local/supervisor/loop.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace mdl::local::supervisor {

std::shared_ptr<void> Loop::after(Milliseconds duration, std::function<void()> action) {
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, duration);
  // Holds the timer weakly: a completion that was queued before the timer was destroyed must not call.
  timer->async_wait(
      [weak = std::weak_ptr(timer), act = std::move(action)](const boost::system::error_code& error) {
        if (!error && !weak.expired()) act();
      });
  return timer;
}

void Loop::post(std::function<void()> action) { boost::asio::post(io_, std::move(action)); }

}  // namespace mdl::local::supervisor
