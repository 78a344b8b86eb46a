#pragma once

#include <string>

#include "providers/aws/runtime/event.hpp"
#include "providers/aws/runtime/message.hpp"

// The service's answer in the form that the invocation's origin expects.
namespace mdl::aws::runtime {

struct Reply {
  std::string payload;  // of /invocation/{id}/response
  std::string warning;  // for the log
};

// `head` tells that the request was HEAD, whose answer has no body.
Reply make_reply(EventKind kind, const Response& response, bool head);

// What stands before the bytes of a streamed answer: its JSON and eight NUL bytes.
std::string make_prelude(EventKind kind, const Response& response);

// Of /invocation/{id}/error and /init/error.
std::string make_error(std::string_view type, std::string_view message);

// The answer of this program itself, as `local`'s gateway would give it.
Response own_answer(int status, std::string_view code, std::string_view message);

}  // namespace mdl::aws::runtime
