#pragma once

#include <string>

#include "core/oci/packages.hpp"

namespace mdl::oci {

// Runs uv or pip so that the packages lie in `folder`, as the installer leaves them. `list` is a requirements
// file. Errors as install_packages.
Result<void> run_installer(const PackagesRequest& request, const std::string& list,
                           const std::string& folder);

}  // namespace mdl::oci
