#include "providers/local/gateway/deadlines.hpp"

namespace mdl::local::gateway {

void Deadline::set(std::chrono::nanoseconds from_now) {
  clear();
  when_ = std::chrono::steady_clock::now() + from_now;
  all_.pending_.insert(*this);
  if (when_ < all_.armed_) all_.arm(when_);
}

void Deadline::clear() {
  if (is_linked()) all_.pending_.erase(all_.pending_.iterator_to(*this));
}

void Deadlines::arm(Time when) {
  armed_ = when;
  timer_.expires_at(when);
  timer_.async_wait([weak = weak_from_this()](error_code ec) {
    if (const auto self = weak.lock(); self && !ec) self->fire();
  });
}

void Deadlines::fire() {
  armed_ = Time::max();
  const auto now = std::chrono::steady_clock::now();
  while (!pending_.empty() && pending_.begin()->when_ <= now) {
    Deadline& deadline = *pending_.begin();
    deadline.clear();
    deadline.expired_();
  }
  if (!pending_.empty() && pending_.begin()->when_ < armed_) arm(pending_.begin()->when_);
}

void Deadlines::stop() { timer_.cancel(); }

}  // namespace mdl::local::gateway
