#pragma once

#include <sys/types.h>

#include "core/util/error.hpp"
#include "providers/local/supervisor/handover.hpp"

namespace mdl::local::supervisor {

// A small process that outlives the supervisor by one moment: when the supervisor is gone, however it ended,
// it kills the process groups that were still running. PR_SET_PDEATHSIG alone reaches a replica's first
// process only.
class Keeper {
 public:
  // Forks: call it before anything else is opened.
  static Result<Keeper> start();
  // Of the process that this one took over from.
  static Keeper take_over(const Value& value);
  Keeper(Keeper&& other) noexcept;
  Keeper& operator=(Keeper&&) = delete;
  ~Keeper();  // ends the process, which kills what was added

  Value hand_over(Handover& handover) const;
  // Lets go of it without ending it, in a fork of its process.
  void abandon();

  void add(pid_t group);
  void remove(pid_t group);

 private:
  Keeper(int pipe, pid_t pid) : pipe_(pipe), pid_(pid) {}
  void send(pid_t value);
  int pipe_;
  pid_t pid_;
};

}  // namespace mdl::local::supervisor
