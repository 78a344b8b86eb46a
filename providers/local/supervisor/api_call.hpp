#pragma once

#include "providers/local/supervisor/api.hpp"

namespace mdl::local::supervisor {

// A request, taken apart.
struct Api::Call {
  const ApiRequest& request;
  std::vector<std::string> path;  // decoded: v1, services, S, T, …
  std::map<std::string, std::string> query;
  ServiceRef ref;
  Value body;
  std::string fence;

  bool is(std::string_view method) const { return request.method == method; }
  // The segment at `index`, or "" when the path is shorter.
  std::string_view at(std::size_t index) const {
    return index < path.size() ? std::string_view(path[index]) : "";
  }
};

ApiResponse json_response(int status, const Value& body);
ApiResponse error_response(int status, std::string_view code, std::string_view message);
// The status that stands for an error's kind.
int status_of(const Error& error);
Value error_body(const Error& error);

}  // namespace mdl::local::supervisor
