#pragma once

#include <string>

#include "core/provider/provider.hpp"

namespace mdl::cli {

// "200 in 4.1 ms, release 1"
std::string invoke_sentence(const provider::HttpResponse& response);
// The body as text, or as base64 in "body_base64" when it is no UTF-8.
Value invoke_value(const release::ServiceRef& ref, const provider::HttpResponse& response);

}  // namespace mdl::cli
