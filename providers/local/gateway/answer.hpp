#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace mdl::local::gateway {

// What the gateway itself answers when no replica does.
struct Answer {
  int status = 500;
  std::string_view code;  // a stable word
  std::string message;
  int retry_after = 0;  // seconds; 0: none
  // 504: how long the request waited for a replica and how long it was there.
  std::chrono::milliseconds waited{-1}, ran{-1};
};

Answer bad_request(std::string message);                         // 400
Answer request_timeout(std::string message);                     // 408
Answer header_too_large(std::size_t limit);                      // 431
Answer bad_gateway(std::string message);                         // 502
Answer unavailable(std::string_view code, std::string message);  // 503, Retry-After: 1

struct AnswerShape {
  int release = 0;  // 0: not split yet
  bool keep_alive = false;
  bool http10 = false;
  bool head = false;  // the request was HEAD: no body
};

// The whole response: {"error": …, "code": …}.
std::string format_answer(const Answer& answer, const AnswerShape& shape);

}  // namespace mdl::local::gateway
