#pragma once

#include "core/oci/layers.hpp"
#include "core/util/error.hpp"

namespace mdl::oci {

// Writes a file's bytes to `descriptor`, an empty file open for reading and writing, by reflink where the
// file system can, and gives it the mode 0444 or 0555. Errors: conflict when the bytes are not those of
// file.sha256, failed when they cannot be written.
Result<void> write_bytes(const File& file, int descriptor);

// Makes `to`, an empty file, share the bytes of `from`. False where the file system cannot.
bool clone_file(int from, int to);
// Writes all of the bytes. `path` is for the message. Errors: failed.
Result<void> write_block(const std::string& path, int descriptor, std::string_view bytes);

}  // namespace mdl::oci
