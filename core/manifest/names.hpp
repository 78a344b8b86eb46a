#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/manifest/layer.hpp"

namespace mdl::manifest {

std::string_view last_name(std::string_view path);                  // "max" of "scale.max"
std::string below(std::string_view path, std::string_view name);    // "scale.max"
std::vector<std::string_view> providers_of(std::string_view path);  // of all fields with this path

// "unknown field 'scael'; did you mean 'scale'?". `path` is the section it stands in ("" for the top level
// and targets), `known` what could stand there.
std::string unknown_field(std::string_view name, std::string_view path,
                          const std::vector<std::string_view>& known, bool in_target);

// Fields of one place that exclude each other.
void check_alternatives(const std::vector<Assignment>& assignments, Problems& problems);

}  // namespace mdl::manifest
