#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/http/transport.hpp"
#include "core/util/text.hpp"

namespace mdl::fakes {

// A server of one file, as RFC 9110 describes ranges, with the faults that servers have.
class WeightsSource final : public http::Transport {
 public:
  std::string data;
  std::string tag = "\"one\"";
  bool ranges = true;  // false: always the whole, 200
  bool says_length = true;
  std::size_t cut_after = 0;      // bytes of an answer, after which the connection ends; 0: never
  bool lies_about_range = false;  // 206 with the right Content-Range and the bytes from the start
  bool other_range = false;       // 206 of another part than was asked for
  std::size_t wrong_byte = std::string::npos;   // this one is another, in every answer
  std::deque<http::Response> before;            // answered first
  std::function<void(WeightsSource&)> between;  // after each answer

  std::vector<http::Request> asked;
  std::size_t sent = 0;

  Result<http::Response> send(const http::Request& request, const http::OnBody& on_body) override {
    const std::scoped_lock lock(mutex_);
    asked.push_back(request);
    if (!before.empty()) {
      auto response = std::move(before.front());
      before.pop_front();
      return response;
    }
    auto result = request.method == "HEAD" ? head() : get(request, on_body);
    if (between) between(*this);
    return result;
  }

  static std::string header(const http::Request& request, std::string_view name) {
    for (const auto& [key, value] : request.headers)
      if (key == name) return value;
    return "";
  }

 private:
  Result<http::Response> head() const {
    http::Response response{.status = 200, .headers = {{"ETag", tag}}, .body = {}};
    if (says_length) response.headers.emplace_back("Content-Length", std::to_string(data.size()));
    return response;
  }

  Result<http::Response> get(const http::Request& request, const http::OnBody& on_body) {
    std::size_t from = 0, end = data.size();
    const auto range = header(request, "Range"), condition = header(request, "If-Range");
    const bool part = ranges && !range.empty() && (condition.empty() || condition == tag);
    if (part) {  // "bytes=5-", "bytes=5-9"
      const auto dash = range.find('-');
      from = static_cast<std::size_t>(parse_integer(range.substr(6, dash - 6)).value_or(0));
      if (const auto last = parse_integer(range.substr(dash + 1)))
        end = std::min(end, static_cast<std::size_t>(*last) + 1);
    }
    if (part && from >= data.size())
      return http::Response{.status = 416,
                            .headers = {{"Content-Range", "bytes */" + std::to_string(data.size())}},
                            .body = {}};
    http::Response response{.status = part ? 206 : 200, .headers = {{"ETag", tag}}, .body = {}};
    if (part && other_range) from = from / 2;
    if (part)
      response.headers.emplace_back("Content-Range", "bytes " + std::to_string(from) + "-" +
                                                         std::to_string(end - 1) + "/" +
                                                         std::to_string(data.size()));
    if (says_length) response.headers.emplace_back("Content-Length", std::to_string(end - from));
    if (part && lies_about_range) from = 0;
    return body(request, std::move(response), {from, end}, on_body);
  }

  Result<http::Response> body(const http::Request& request, http::Response response,
                              std::pair<std::size_t, std::size_t> part, const http::OnBody& on_body) {
    if (request.takes_body && !request.takes_body(response)) return response;
    std::size_t in_answer = 0;
    for (std::size_t at = part.first; at < part.second; at += 1000) {
      auto block = data.substr(at, std::min<std::size_t>(1000, part.second - at));
      if (cut_after != 0 && in_answer + block.size() > cut_after)
        return fail(Error{.kind = ErrorKind::unavailable, .message = "cut", .code = "cut"});
      if (wrong_byte >= at && wrong_byte < at + block.size()) block[wrong_byte - at] ^= 1;
      sent += block.size();
      in_answer += block.size();
      if (!on_body(block)) return fail(ErrorKind::interrupted, "stopped");
    }
    return response;
  }

  std::mutex mutex_;
};

}  // namespace mdl::fakes
