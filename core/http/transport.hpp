#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/util/clock.hpp"
#include "core/util/error.hpp"

// HTTP client. Everything that speaks to a platform goes through a Transport; libcurl stays behind this header.
namespace mdl::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Response;

struct Request {
  std::string method = "GET";
  std::string url;               // http://… or https://…
  std::string unix_socket;       // path of a Unix socket to connect to instead of the URL's host; empty: none
  Headers headers;
  std::string body;
  Milliseconds connect_timeout{10'000};
  Milliseconds timeout{60'000};  // of the whole exchange; 0: none
  Milliseconds stall_timeout{0};  // without a byte for so long (whole seconds) the exchange ends with timeout; 0: none
  // Asked once, with the status and the headers, before the body's first byte goes to on_body. False: the body is not what
  // on_body is for (an error's text), and the first 64 KiB of it are in the response instead. Unset: always true.
  std::function<bool(const Response& head)> takes_body = {};
  bool idempotent = false;       // may be sent again when it is not known whether it arrived
};

struct Response {
  int status = 0;
  Headers headers;               // names as received
  std::string body;
  // The first header of that name, case-insensitively; "" when there is none.
  std::string_view header(std::string_view name) const;
};

// Gets the body as it arrives. Returning false ends the exchange with an error of kind interrupted.
using OnBody = std::function<bool(std::string_view)>;

class Transport {
 public:
  virtual ~Transport() = default;
  // Any HTTP status is a Response. Errors: unavailable (no connection, name not found, cut before the answer's end; `code` is
  // "refused", "resolve", "tls", "cut" or "other"), timeout, interrupted.
  virtual Result<Response> send(const Request& request, const OnBody& on_body = {}) = 0;
};

// libcurl, loaded when the first request is sent so that commands without a request start fast. Connections are kept and
// reused. Honours HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE; verifies TLS. Threads may share it.
std::unique_ptr<Transport> curl_transport();

}  // namespace mdl::http
