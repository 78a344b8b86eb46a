#pragma once

#include <cstdint>
#include <string>

// Figures of a rollout as people read them.
namespace mdl::engine::gate {

std::string percent(double share);          // "4.1 %", "0.0 %", "0.02 %", "50 %"
std::string milliseconds(double ms);        // "88 ms", "4.2 ms", "1,904 ms"
std::string requests(std::uint64_t count);  // "1 request", "1,904 requests"

}  // namespace mdl::engine::gate
