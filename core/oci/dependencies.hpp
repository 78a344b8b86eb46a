#pragma once

#include <string>

#include "core/oci/layers.hpp"

namespace mdl::oci {

// The requirements text of a service, servers included: comments and empty lines removed, `-r` files put in
// their place, the dependencies of a pyproject.toml as lines. So the layer's digest moves only when what is
// installed may. Errors: invalid, with the manifest line, for a file that is not there or refers to files of
// this machine, which a release could not bring along.
Result<std::string> requirements_text(const LayerRequest& request);

}  // namespace mdl::oci
