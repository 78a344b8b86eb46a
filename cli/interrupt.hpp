#pragma once

#include "core/util/clock.hpp"

namespace mdl::cli {

// From here on the first SIGINT or SIGTERM is only noted, so that a run can finish the call under way; the
// second one ends the program at once with 130. Commands that change nothing keep the default: they just end.
Interrupt& catch_interrupts();
// Whether a first one came.
Interrupt& interrupt();

}  // namespace mdl::cli
