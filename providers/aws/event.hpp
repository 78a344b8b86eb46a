#pragma once

#include <string>

#include "core/provider/provider.hpp"

// A request as the event of a function URL (payload 2.0), and what a function answers as a response. Pure.
namespace mdl::aws {

struct EventContext {
  std::string function, domain, request_id;
  Time now;
};
Value event_of(const provider::HttpRequest& request, const EventContext& context);

// What a function URL makes of a function's payload: an object with statusCode is the response, anything else
// is the body of a 200 as JSON. An answer that no URL could give is 502.
provider::HttpResponse response_of(const std::string& payload);

// The 502 of a function that ended in an error.
provider::HttpResponse error_response();

}  // namespace mdl::aws
