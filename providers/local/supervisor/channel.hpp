#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/util/error.hpp"
#include "providers/local/supervisor/loop.hpp"

namespace mdl::local::supervisor {

// Messages between two processes of one supervisor, each whole or not at all, with a descriptor if need be.
class Channel {
 public:
  struct Events {
    std::function<void(std::string_view text, int descriptor)> received;  // -1: none; the receiver owns it
    std::function<void()> ended;  // the other side is gone; nothing comes after it
  };
  // Two connected ends. Errors: failed.
  static Result<std::pair<int, int>> pair();
  // Owns the descriptor. No event comes from within a function of it, nor after it is destroyed.
  static std::unique_ptr<Channel> open(Loop& loop, int descriptor, Events events);
  virtual ~Channel() = default;
  // In the order of the calls, as soon as the other side takes it. `passed` is owned, and -1 is none.
  virtual void send(std::string text, int passed = -1) = 0;
  virtual bool sent() const = 0;  // all of it
  virtual int descriptor() = 0;
};

}  // namespace mdl::local::supervisor
