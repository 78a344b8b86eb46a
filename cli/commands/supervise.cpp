#include "cli/commands/command.hpp"
#include "cli/commands/context.hpp"
#include "cli/wiring.hpp"

namespace mdl::cli {

namespace {

int supervise(Context&, const Arguments&) { return supervise_local(); }

}  // namespace

Command supervise_command() {
  return {.name = "supervise",
          .summary = "Run the local target's supervisor in the foreground; deploys start it by themselves",
          .examples = {{"mdl supervise", "Until nothing is deployed any more, or SIGTERM"}},
          .run = supervise};
}

}  // namespace mdl::cli
