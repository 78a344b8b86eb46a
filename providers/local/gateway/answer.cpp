#include "providers/local/gateway/answer.hpp"

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include "core/util/value.hpp"

namespace mdl::local::gateway {

Answer bad_request(std::string message) {
  return {.status = 400, .code = "bad-request", .message = std::move(message)};
}

Answer request_timeout(std::string message) {
  return {.status = 408, .code = "request-timeout", .message = std::move(message)};
}

Answer header_too_large(std::size_t limit) {
  return {.status = 431,
          .code = "header-too-large",
          .message = fmt::format("the request's header is over {} bytes", limit)};
}

Answer bad_gateway(std::string message) {
  return {.status = 502, .code = "bad-gateway", .message = std::move(message)};
}

Answer unavailable(std::string_view code, std::string message) {
  return {.status = 503, .code = code, .message = std::move(message), .retry_after = 1};
}

std::string format_answer(const Answer& answer, const AnswerShape& shape) {
  Value document = Value::object({{"error", answer.message}, {"code", answer.code}});
  if (shape.release != 0) document.set("release", shape.release);
  if (answer.waited.count() >= 0) document.set("waited_ms", std::int64_t{answer.waited.count()});
  if (answer.ran.count() >= 0) document.set("ran_ms", std::int64_t{answer.ran.count()});
  const std::string body = dump(document) + "\n";

  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(answer.status));
  std::string out = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
                                answer.status, std::string_view(reason.data(), reason.size()), body.size());
  if (answer.retry_after > 0) out += fmt::format("Retry-After: {}\r\n", answer.retry_after);
  if (shape.release != 0) out += fmt::format("mdl-release: {}\r\n", shape.release);
  if (!shape.keep_alive) out += "Connection: close\r\n";
  if (shape.keep_alive && shape.http10) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (!shape.head) out += body;
  return out;
}

}  // namespace mdl::local::gateway
