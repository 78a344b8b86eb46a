#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "core/http/transport.hpp"

namespace mdl::fakes {

// Answers requests from a script, in its order, and keeps what was asked. A request past the script's end is
// an error.
class ScriptedTransport final : public http::Transport {
 public:
  using Step = std::function<Result<http::Response>(const http::Request&, const http::OnBody&)>;

  // Outlives the transport, which a pipeline owns.
  struct Script {
    std::deque<Step> steps;
    std::vector<http::Request> asked;

    Script& answer(int status, http::Headers headers = {}, std::string body = "") {
      steps.push_back([=](const http::Request&, const http::OnBody& on_body) -> Result<http::Response> {
        if (!on_body || body.empty())
          return http::Response{.status = status, .headers = headers, .body = body};
        if (!on_body(body)) return fail(ErrorKind::interrupted, "stopped");
        return http::Response{.status = status, .headers = headers};
      });
      return *this;
    }
    Script& error(ErrorKind kind, std::string code = "", std::string body_before = "") {
      steps.push_back([=](const http::Request&, const http::OnBody& on_body) -> Result<http::Response> {
        if (on_body && !body_before.empty()) on_body(body_before);
        return fail(Error{.kind = kind, .message = "scripted", .code = code});
      });
      return *this;
    }
  };

  explicit ScriptedTransport(Script& script) : script_(script) {}

  Result<http::Response> send(const http::Request& request, const http::OnBody& on_body) override {
    script_.asked.push_back(request);
    if (script_.steps.empty()) return fail(ErrorKind::internal, "the script has no more answers");
    const auto step = std::move(script_.steps.front());
    script_.steps.pop_front();
    return step(request, on_body);
  }

 private:
  Script& script_;
};

}  // namespace mdl::fakes
