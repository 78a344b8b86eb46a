#pragma once

#include <string>

#include "core/manifest/service.hpp"
#include "core/util/error.hpp"
#include "providers/local/protocol.hpp"

namespace mdl::local {

// The 32 bytes of the home's secret key. They are made when there are none yet; two processes that do so at
// once end up with the same key. Errors: failed when the file is too short or its folder cannot be written.
Result<std::string> secret_key_bytes(const Home& home);

// Names a value without telling it: 16 hex digits of an HMAC under the home's key.
std::string secret_version(const std::string& key, const std::string& name, const std::string& value);

// The value of one of the service's secrets, from the environment or a file (relative to the service's
// folder, its last line end left off). Errors: invalid, with the manifest line and never the value.
Result<std::string> secret_value(const manifest::Service& service, const std::string& name);

}  // namespace mdl::local
