#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "core/fetch/resolve.hpp"

namespace mdl::fetch {

// The bytes that are here, those of earlier runs included, and whether it waits for another process that
// fetches the same file.
using OnProgress = std::function<void(std::uint64_t done, bool waits)>;

// Fetches one file into the store, unless it is there: checked by SHA-256 while it is written, and gone on
// with from where an earlier run, a cut or a kill left it, when the source answers a range of the same
// entity. A source that answers the whole, another range or bytes that do not match is asked once more from
// the beginning. Given up after 5 attempts in a row that bring nothing, or when `stop` is set.
//
// Errors: failed for bytes that are not those of the digest (nothing is kept), a status that is an error, or
// a full disk (what was fetched is kept); denied; not_found; unavailable; timeout; interrupted.
Result<void> download(const oci::Remote& file, const Around& around, const std::atomic<bool>& stop,
                      const OnProgress& on_progress);

}  // namespace mdl::fetch
