#pragma once

#include <string>
#include <string_view>
#include <vector>

// HTTP messages as values.
namespace mdl::aws::runtime {

struct Header {
  std::string name, value;
  bool operator==(const Header&) const = default;
};
using Headers = std::vector<Header>;

struct Request {
  std::string method, target;
  Headers headers;  // without Content-Length
  std::string body;
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;
};

bool same_name(std::string_view one, std::string_view other);  // ASCII case ignored
std::string lower(std::string_view text);
std::string_view trimmed(std::string_view text);
// The value of the first header of that name, "" when there is none.
std::string_view value_of(const Headers& headers, std::string_view name);
// Removes those that speak of one connection only: what RFC 9110 7.6.1 names, and what Connection names.
void remove_hop_by_hop(Headers& headers);
void remove(Headers& headers, std::string_view name);
// A token of RFC 9110; and a value without line ends and NUL.
bool is_token(std::string_view text);
bool is_value(std::string_view text);

}  // namespace mdl::aws::runtime
