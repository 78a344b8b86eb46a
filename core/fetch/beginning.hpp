#pragma once

#include <cstdint>
#include <string>

#include "core/fetch/resolve.hpp"

namespace mdl::fetch {

// The first `bytes` of a file at its source, all of it when it is shorter: for what stands in its header,
// before it is fetched. One request. Errors: refused when the source gives no parts, or says that the file
// has another size than it said before; otherwise as Transport::send.
Result<std::string> beginning(const oci::Remote& file, const Around& around, std::uint64_t bytes);

}  // namespace mdl::fetch
