#pragma once

#include <functional>
#include <span>
#include <string>

#include "core/oci/layers.hpp"
#include "core/oci/select.hpp"

namespace mdl::oci {

struct ToHash {
  const Found* file;
  Digest digest;  // filled in
};

// Hashes files, several at once, in blocks of 1 MiB. Errors: conflict when a file is not what its stat said,
// before or after it was read; unavailable when one cannot be read. The first error stops the rest.
Result<void> hash_files(std::span<ToHash> files, const std::function<void(const std::string& path)>& on_read);

}  // namespace mdl::oci
