#pragma once

#include <string>

namespace mdl::oci {

// Says that an entry of a cache was used now.
void mark_used(const std::string& path);

// Removes those entries of a cache whose names end as `suffix` says and that were not used in the week before
// `newest`, a file or folder there, was; with each its note, the file of the same stem that ends in ".json".
// By the file system's times alone: whose clock is wrong does not matter. What cannot be removed stays.
void remove_unused(const std::string& cache, const std::string& newest, const std::string& suffix);

}  // namespace mdl::oci
