#pragma once

#include <cstdint>
#include <map>

#include "core/util/error.hpp"
#include "providers/local/supervisor/handover.hpp"

namespace mdl::local::supervisor {

// Hands out ports on 127.0.0.1 to replicas. They lie below the range from which the system takes ports for
// outgoing connections, and one that was given back is not given again soon. No other supervisor of this
// machine (of its network namespace), whosever it is, gets one that is out: it looks free to everybody until
// the replica listens, so a name that only one process can have goes with it.
class Ports {
 public:
  Ports();
  ~Ports() { abandon(); }
  Ports(const Ports&) = delete;
  Ports& operator=(const Ports&) = delete;

  // A port that nobody listens on. Errors: failed when there is none.
  Result<std::uint16_t> take();
  void give_back(std::uint16_t port);

  Value hand_over(Handover& handover) const;
  void take_over(const Value& value);
  void abandon();  // in a fork: closes its copies

 private:
  std::uint16_t next_;
  std::map<std::uint16_t, int> names_;  // of those that are out: the socket that has the name
};

}  // namespace mdl::local::supervisor
