#pragma once

#include <sys/types.h>

#include "core/util/error.hpp"
#include "providers/local/launch.hpp"

namespace mdl::local::supervisor {

// A process that was started. The caller owns the descriptors.
struct Spawned {
  pid_t pid = 0;                       // also the number of its session and group
  int pidfd = -1, out = -1, err = -1;  // reading ends, non-blocking
};

// Starts the program in its own session: stdin is /dev/null, every other descriptor is closed, all signals
// are as a fresh program has them, and it is killed when the calling process dies. Returns after the exec
// succeeded. Errors: not_found when the program is not there, failed otherwise.
Result<Spawned> spawn(const Launch& launch);

}  // namespace mdl::local::supervisor
