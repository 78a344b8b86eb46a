#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <sys/types.h>

#include "core/util/error.hpp"
#include "providers/local/launch.hpp"
#include "providers/local/supervisor/handover.hpp"
#include "providers/local/supervisor/keeper.hpp"
#include "providers/local/supervisor/loop.hpp"

namespace mdl::local::supervisor {

struct ProcessEvents {
  std::function<void(bool error, std::string_view bytes)> on_output;
  // Once, after the last output: the exit code, or 128 + signal. The whole group is dead by then.
  std::function<void(int status)> on_exit;
};

// One replica: a process in a session and group of its own, without anything of the supervisor's but its
// environment.
class Process {
 public:
  // Errors: not_found when the program is not there, failed otherwise (the system's words in `quoted`).
  static Result<std::unique_ptr<Process>> start(Loop& loop, Keeper& keeper, const Launch& launch,
                                                ProcessEvents events);
  // A child of this process that the program before this one started. Errors: failed.
  static Result<std::unique_ptr<Process>> take_over(Loop& loop, Keeper& keeper, const Value& value,
                                                    ProcessEvents events);
  virtual ~Process() = default;  // kills the group when it still runs; no event after it
  virtual pid_t pid() const = 0;
  // After SIGTERM the whole group is waited for, after any other signal only the process itself.
  virtual void signal_group(int signal) = 0;
  virtual Value hand_over(Handover& handover) const = 0;
  // Lets go of it without a signal, in a fork of its parent; no event after it.
  virtual void abandon() = 0;
};

}  // namespace mdl::local::supervisor
