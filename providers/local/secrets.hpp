#pragma once

#include <string>

#include "core/util/error.hpp"
#include "providers/local/protocol.hpp"

namespace mdl::local {

// The 32 bytes of the home's secret key. They are made when there are none yet; two processes that do so at
// once end up with the same key. Errors: failed when the file is too short or its folder cannot be written.
Result<std::string> secret_key_bytes(const Home& home);

}  // namespace mdl::local
