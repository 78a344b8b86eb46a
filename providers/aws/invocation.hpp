#pragma once

#include "core/provider/provider.hpp"
#include "providers/aws/parts.hpp"

namespace mdl::aws {

// One Invoke of a function's alias or version.
struct Invocation {
  std::string payload;
  std::string version;             // that answered
  std::string error;               // X-Amz-Function-Error: "Unhandled", "Handled", or ""
  std::string error_type;          // "Runtime.ImportModuleError"
  std::vector<std::string> trace;  // of the exception
  std::vector<std::string> lines;  // the last of its log
};
Result<Invocation> invoke(Shared& shared, const Names& names, const std::string& qualifier,
                          const std::string& payload, Milliseconds timeout, bool with_log);

// Whether the function never came to answer: its module cannot be imported, it exited, it was killed or timed
// out. An exception that the handler throws is an answer.
bool did_not_start(const Invocation& invocation);

}  // namespace mdl::aws
