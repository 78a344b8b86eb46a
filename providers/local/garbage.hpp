#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/util/error.hpp"
#include "providers/local/protocol.hpp"

namespace mdl::local {

struct Waste {
  std::string path;
  std::string what;  // "artifact 3f9a7710", "environment …", "weights …", "unfinished environment …"
  std::uint64_t bytes = 0;  // on the disk; a file with several names counts where it is the last one
};

// What stands in the store and no artifact of `pinned` needs: other artifacts, environments that none of the
// pinned ones links to, weights that no artifact shares, and what a killed run left half done. Reads only.
std::vector<Waste> waste_of(const Home& home, const std::set<std::string>& pinned);

// Removes it. An error names what could not be removed; the rest is gone then.
Result<void> remove_waste(const std::vector<Waste>& waste);

}  // namespace mdl::local
