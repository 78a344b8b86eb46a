#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/fetch/resolve.hpp"

namespace mdl::fetch {

// What is fetched, the bytes that are here and those of all; 0: not known. One call at a time, at most ten a
// second.
using OnBytes = std::function<void(const std::string& what, std::uint64_t done, std::uint64_t total)>;

// Fetches those of the files that the store does not have, up to 4 side by side, the largest first; a file
// that is named twice is fetched once. Errors as download's, of the first one that failed: the others then
// end early, and keep what they have.
Result<void> fetch(std::span<const oci::Remote> files, const Around& around, const OnBytes& on_bytes);

}  // namespace mdl::fetch
