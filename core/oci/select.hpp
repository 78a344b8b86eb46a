#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/manifest/service.hpp"
#include "core/util/error.hpp"

struct stat;

namespace mdl::oci {

// What tells that a file is the same as before without reading it.
struct FileStat {
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;  // mtime, ctime
  std::uint64_t inode = 0, device = 0;
  bool operator==(const FileStat&) const = default;
};
FileStat to_file_stat(const struct stat& status);

struct Found {
  std::string path;    // relative to the service's folder
  std::string source;  // absolute; of weights behind a symbolic link: the file that it leads to
  std::string link;    // target of a symbolic link; empty for regular files
  FileStat stat;
  bool executable = false;
};

struct Selection {
  std::vector<Found> application, weights;  // sorted by path
};

// Chooses the service's files without reading them; the rules and the errors are those of plan_layers
// (layers.hpp).
Result<Selection> select_files(const manifest::Service& service);
// The weights alone.
Result<std::vector<Found>> select_weights_files(const manifest::Service& service);

}  // namespace mdl::oci
