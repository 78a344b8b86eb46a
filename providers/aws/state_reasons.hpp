#pragma once

#include <string>
#include <string_view>

namespace mdl::aws {

// What to do about a StateReasonCode or LastUpdateStatusReasonCode, in one sentence; "" for one that is not
// known.
std::string remedy_of(std::string_view code);

}  // namespace mdl::aws
