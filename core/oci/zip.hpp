#pragma once

#include <cstdint>
#include <string>

#include "core/oci/layers.hpp"
#include "core/util/error.hpp"

// The third form of an artifact, beside folder and image: one zip file, as function platforms take it.
namespace mdl::oci {

// Below which folder of the zip a layer's files stand: "" is its root, "front" a folder there.
struct ZipLayout {
  std::string service;       // application, and weights at their path in the service's folder
  std::string dependencies;  // the packages, see packages.hpp
  std::string front;
};

// What is known before anything is read.
struct ZipSize {
  std::uint64_t entries = 0;
  std::uint64_t unpacked = 0;        // exact: the sum of the files' sizes
  std::uint64_t packed_at_most = 0;  // as if nothing could be compressed
};

struct Zip {
  std::string path;           // in the cache; a name there is believed: do not write to it
  std::string sha256;         // of the file, hex
  std::string sha256_base64;  // the same digest, as some platforms state it
  std::uint64_t bytes = 0;    // packed
  std::uint64_t unpacked = 0;
  std::uint64_t entries = 0;
};

// Errors: invalid, when two layers have a file at the same place or one has a folder where another has a
// file. Between dependencies and application that is no error: the application's file is the one that stands
// in the zip, since it is the one that an import finds on every platform.
Result<ZipSize> zip_size(const LayerPlan& plan, const ZipLayout& layout);

// Writes the plan's files to `cache`/<name>.zip, or finds it there: the name comes from the layers' digests,
// those of the files of dependencies included, and the layout.
//
// The bytes depend on the files' paths, bytes, execute bits and link targets, and on nothing else: not on
// times, owners, umask, time zone, locale, the number of processors or libraries of the machine. Entries are
// sorted by path, dated 1980-01-01 00:00, 0644 or 0755; there are none for folders; symbolic links are kept
// as such; names are UTF-8 and marked so where they are not ASCII. Files are deflated, or stored where that
// gains less than a twentieth. ZIP64 is used where it must be.
//
// Memory stays below 32 MiB whatever the size. Each file is checked against its digest on the way. Written
// beside and renamed: killed at any moment, nothing half is left under the name. Zips in the cache that were
// not asked for in a week before the newest are removed.
//
// Errors: as zip_size; internal when the dependencies layer has requirements but no files (see
// with_packages); conflict when a file is no longer what was planned; failed when the zip cannot be written
// (a full disk).
Result<Zip> write_zip(const LayerPlan& plan, const ZipLayout& layout, const std::string& cache);

}  // namespace mdl::oci
