#pragma once

#include <cstdint>
#include <set>

#include "core/util/error.hpp"

namespace mdl::local::supervisor {

// Hands out ports on 127.0.0.1 to replicas. They lie below the range from which the system takes ports for
// outgoing connections, and one that was given back is not given again soon.
class Ports {
 public:
  Ports();
  // A port that nobody listens on. Errors: failed when there is none.
  Result<std::uint16_t> take();
  void take_over(std::uint16_t port) { used_.insert(port); }
  void give_back(std::uint16_t port) { used_.erase(port); }

 private:
  std::uint16_t next_;
  std::set<std::uint16_t> used_;
};

}  // namespace mdl::local::supervisor
