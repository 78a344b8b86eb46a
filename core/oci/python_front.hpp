#pragma once

#include <string>
#include <vector>

#include "core/oci/layers.hpp"

// The Python program that serves a service's entry or handler on $PORT: core/oci/front.
namespace mdl::oci {

// Its files. It finds the service's files in ../app, seen from their folder.
std::vector<File> front_files();

// The servers that it stands on, as requirement lines, for a service with an entry or a handler; without
// those that the service's own requirements name: theirs decide then. Errors: as requirements_text.
Result<std::vector<std::string>> front_servers(const manifest::Service& service);

}  // namespace mdl::oci
