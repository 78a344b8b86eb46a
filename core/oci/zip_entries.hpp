#pragma once

#include <string>
#include <vector>

#include "core/oci/zip.hpp"

namespace mdl::oci {

struct ZipEntry {
  std::string name;  // in the zip
  const File* file;  // of the plan, which outlives the entry
};

// The plan's files at their places in the zip, sorted by name. Errors as zip_size.
Result<std::vector<ZipEntry>> zip_entries(const LayerPlan& plan, const ZipLayout& layout);

// The bytes of an entry: its file's, or those of a link's target.
std::uint64_t unpacked_bytes(const ZipEntry& entry);

}  // namespace mdl::oci
