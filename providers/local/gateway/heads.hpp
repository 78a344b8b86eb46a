#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "providers/local/gateway/body.hpp"

// The heads of messages as they go on: rewritten from the parsed ones, so that nothing that only one side
// would understand passes through.
namespace mdl::local::gateway {

enum class Framing { none, length, chunked, until_close };

struct RequestShape {
  Framing framing = Framing::none;
  std::optional<std::uint64_t> length;  // also 0
  bool upgrade = false;                 // keep Connection: Upgrade
  std::uint16_t port = 0;               // the listener's, for a missing Host (HTTP/1.0)
};
// Hop-by-hop fields and those that Connection names are left out, X-Forwarded-For gets the client's address
// appended; -Proto and -Host stay as a proxy before this one (only local ones reach us) has set them.
void append_request_head(std::string& out, const RequestParser::value_type& request,
                         const RequestShape& shape);

struct ResponseShape {
  int release = 0;
  Framing framing = Framing::none;
  bool keep_alive = true;
  bool http10 = false;  // the client's version
  bool upgrade = false;
};
// Content-Length passes as it is unless the framing is chunked or until_close.
void append_response_head(std::string& out, const ResponseParser::value_type& response,
                          const ResponseShape& shape);

// "1f4\r\n"
void append_chunk_size(std::string& out, std::size_t size);

// Whether the comma-separated list holds the word, in any case.
bool has_token(std::string_view list, std::string_view word);

}  // namespace mdl::local::gateway
