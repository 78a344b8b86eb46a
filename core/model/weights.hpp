#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/model/header.hpp"

namespace mdl::model {

// A file of a service's weights.
struct WeightsFile {
  std::string path;    // in the service's folder
  std::string source;  // where its bytes are; empty: nowhere yet
  std::uint64_t bytes = 0;
  // While it is nowhere: gives its first bytes, as many as asked for. Unset, or an error: the header is not
  // known yet.
  std::function<Result<std::string>(std::uint64_t bytes)> beginning = {};
};

// One model: a file, the parts of one, or the shards in one folder.
struct Model {
  std::string path;  // of its first file
  std::size_t files = 1;
  std::uint64_t bytes = 0;       // of its files
  std::optional<Header> header;  // nullopt: of another format, not here yet, or not understood
};

struct Fault {
  std::string path;
  Error error;  // see header.hpp
};

struct Findings {
  std::vector<Model> models;  // sorted by path; files such as tokenizers and configurations are none
  std::vector<Fault>
      faults;  // headers that are wrong (invalid) or not understood (refused), parts that are missing
  std::vector<std::string> pickles;  // files that can hold pickled Python objects: code that runs at load
  std::uint64_t bytes = 0;           // of all models
};

// Looks at the headers; of a file that is not here, at its first MiB and, when the header is longer, at more
// up to 16 MiB. `cache`: a file with the headers of last time by size, times, inode and device, so that
// unchanged files are not opened; "" for none. What cannot be read from or written to it is as if it were not
// there. `now_ns` as in HeaderCache; 0: what the clock says.
Findings look_at(std::span<const WeightsFile> files, const std::string& cache = {}, std::int64_t now_ns = 0);

}  // namespace mdl::model
