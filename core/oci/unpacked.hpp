#pragma once

#include <string>

#include "core/oci/packages.hpp"

namespace mdl::oci {

// Turns what an installer left in `folder` into what depends on the wheels alone (see install_packages), and
// says which packages these are. Errors: failed, when a file cannot be read or written.
Result<std::vector<Package>> normalize_packages(const std::string& folder);

}  // namespace mdl::oci
