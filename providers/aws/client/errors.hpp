#pragma once

#include <string>

#include "core/http/transport.hpp"
#include "core/util/error.hpp"

namespace mdl::aws {

// AWS's code in an answer that is no success: of the header x-amzn-errortype, of JSON's __type or code, of
// XML's Code; without namespace and URI. "" when it says none.
std::string error_code(const http::Response& response);

// The error that an answer stands for, with AWS's code and words. `what` says what was asked: "GetFunction
// hello".
//   conflict     409 and 412, and what exists already
//   denied       403 and 401, and credentials that are unknown, expired or wrongly signed: whether the thing
//   is there
//                is then not known
//   not_found    404 and the codes that mean it; that is no proof of absence where a qualifier was given
//   unavailable  429, throttling, 5xx
//   invalid      any other 4xx
Error error_of(const http::Response& response, const std::string& what);

// Whether AWS asks to come later, with whatever status.
bool is_throttled(const http::Response& response);

}  // namespace mdl::aws
