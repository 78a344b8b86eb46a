#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mdl {

using Time = std::chrono::sys_time<std::chrono::nanoseconds>;
using Milliseconds = std::chrono::milliseconds;

// Time is an argument everywhere: tests run on virtual time.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;                            // wall clock, may jump
  virtual std::chrono::nanoseconds elapsed() const = 0;    // monotonic, from an arbitrary start
};

class Sleeper {
 public:
  virtual ~Sleeper() = default;
  // Returns after `duration`, or earlier when a signal came.
  virtual void sleep(Milliseconds duration) = 0;
};

// Set by the first Ctrl-C; the call under way is finished, then the run stops.
class Interrupt {
 public:
  virtual ~Interrupt() = default;
  virtual bool requested() const = 0;
};

// The real ones. Each returns an object with static storage.
Clock& system_clock();
Sleeper& system_sleeper();

// RFC 3339 in UTC with milliseconds: 2026-11-24T11:03:11.204Z.
std::string to_rfc3339(Time time);
// RFC 3339 with any fraction (beyond nanoseconds it is cut) and "Z" or an offset; nullopt for anything else. Years 1970 to 2261.
std::optional<Time> parse_rfc3339(std::string_view text);

}  // namespace mdl
