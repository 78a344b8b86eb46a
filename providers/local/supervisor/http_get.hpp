#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "providers/local/supervisor/loop.hpp"

namespace mdl::local::supervisor {

struct Answer {
  // refused: nothing listens; silent: no answer in time; broken: the connection ended or what came is no
  // HTTP; unasked: this process had no descriptor or memory left, which says nothing about the other.
  enum class Outcome { answered, refused, silent, broken, unasked } outcome = Outcome::broken;
  int status = 0;
  std::string body;
};

// GET http://127.0.0.1:port/path. Calls `on_answer` once, later, unless the result is destroyed before.
[[nodiscard]] std::shared_ptr<void> http_get(Loop& loop, std::uint16_t port, const std::string& path,
                                             Milliseconds timeout, std::size_t max_body,
                                             std::function<void(Answer)> on_answer);

}  // namespace mdl::local::supervisor
