#pragma once

#include <functional>
#include <string>

#include "core/http/transport.hpp"
#include "core/provider/provider.hpp"
#include "providers/local/protocol.hpp"

namespace mdl::local {

struct Options {
  Home home;
  std::string program;                 // path of this executable: started as the supervisor when none runs
  Clock& clock;
  Sleeper& sleeper;
  http::Transport& transport;
  const Interrupt* interrupt = nullptr;  // ends a fetch of weights early; nullptr: none
  std::string cache;                     // folder for what is known of weights elsewhere; empty: none
};

// The provider `local`. Reads do not start a supervisor where no state database is: everything is then absent.
provider::Provider make_provider(const Options& options);

// Every mutating call with its precondition, also those that no journal notes.
std::span<const provider::MutatingCall> mutating_calls();

// Runs the supervisor in the foreground until nothing is deployed (any more) or SIGTERM. Returns the exit code.
int run_supervisor(const Home& home);

// Starts a supervisor in the background unless one answers, and waits until it does.
Result<void> ensure_supervisor(const Options& options);

// Restarts the one that runs in its place, as options.program: replicas, connections and requests go on. Returns
// its version. Errors: unavailable when none runs; failed, when it goes on as it was.
Result<std::string> restart_supervisor(const Options& options);

}  // namespace mdl::local
