#pragma once

#include "providers/aws/runtime/net.hpp"

namespace mdl::aws::runtime {

// An environment sends SIGTERM to a runtime before it ends only when an extension is registered there:
// registers one that does nothing, and waits for its events in a thread of its own. A failure is logged; the
// service then ends with SIGKILL.
void register_extension(const Address& api);

}  // namespace mdl::aws::runtime
