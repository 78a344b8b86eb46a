#pragma once

#include <functional>
#include <span>
#include <string>

#include "core/oci/layers.hpp"
#include "core/oci/select.hpp"

namespace mdl::oci {

struct ToHash {
  const Found* file;
  Digest digest;      // filled in
  bool keep = false;  // bring it into the store
};

// Hashes files, several at once, and brings those to keep into `store` under their digests on the way: by
// reflink where the file system can, else by writing what is read. Errors: conflict when a file is not what
// its stat said, before or after it was read; unavailable when one cannot be read; failed when one cannot be
// kept. The first error stops the rest.
Result<void> hash_files(std::span<ToHash> files, const std::string& store,
                        const std::function<void(const std::string& path)>& on_read);

}  // namespace mdl::oci
