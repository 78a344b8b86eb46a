#pragma once

#include <string>

#include "core/util/error.hpp"

namespace mdl::local::supervisor {

// AES-256-GCM: 12 bytes nonce, the ciphertext, 16 bytes tag. `key` has 32 bytes; `context` is authenticated
// and must be the same when it is opened.
Result<std::string> seal(const std::string& key, const std::string& context, const std::string& text);
// Errors: failed when key, context or bytes are others.
Result<std::string> unseal(const std::string& key, const std::string& context, const std::string& sealed);

}  // namespace mdl::local::supervisor
