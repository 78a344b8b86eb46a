#pragma once

#include <string>
#include <string_view>

namespace mdl::manifest {

// 'text' for a message: control characters escaped, cut to 60 bytes.
std::string quote(std::string_view text);

}  // namespace mdl::manifest
