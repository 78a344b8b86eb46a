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
// The digest of what `descriptor` holds from its place on: about `bytes`. `path` is for the message. Errors:
// unavailable.
Result<Digest> hash_bytes(const std::string& path, std::uint64_t bytes, int descriptor);
// Brings all bytes of `from` into `to`, an empty file open for reading and writing, and returns the digest of
// what is there then: by reflink where the file system can, else by writing what is hashed. Errors:
// unavailable, failed.
Result<Digest> copy_bytes(const std::string& path, std::uint64_t bytes, int from, int to);

}  // namespace mdl::oci
