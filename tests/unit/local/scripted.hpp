#pragma once

#include <deque>
#include <filesystem>
#include <stdlib.h>
#include <string>
#include <vector>

#include "core/util/files.hpp"
#include "providers/local/local.hpp"

namespace mdl::test {

// A transport that gives the answers it was told, in turn, and remembers what it was asked.
class ScriptedTransport final : public http::Transport {
 public:
  void answer(int status, std::string body, http::Headers headers = {}) {
    answers_.push_back(http::Response{status, std::move(headers), std::move(body)});
  }
  void fails(ErrorKind kind, std::string code) {
    answers_.push_back(fail(Error{.kind = kind, .message = "connection failed", .code = std::move(code)}));
  }

  Result<http::Response> send(const http::Request& request, const http::OnBody& on_body = {}) override {
    requests.push_back(request);
    if (answers_.empty()) return fail(ErrorKind::internal, "no further answer was scripted");
    auto next = std::move(answers_.front());
    answers_.pop_front();
    if (next && on_body) on_body(next->body);
    return next;
  }

  std::vector<http::Request> requests;

 private:
  std::deque<Result<http::Response>> answers_;
};

class NoSleeper final : public Sleeper {
 public:
  void sleep(Milliseconds) override {}
};

// A home in a folder of its own, removed at the end. `deployed`: with a state database, so that reads ask the
// supervisor.
struct LocalHome {
  explicit LocalHome(bool deployed = true) {
    char name[] = "/tmp/mdl-local-XXXXXX";
    home.root = ::mkdtemp(name);
    if (deployed) (void)write_file(home.database(), "");
  }
  ~LocalHome() {
    std::error_code ignored;
    std::filesystem::remove_all(home.root, ignored);
  }
  LocalHome(const LocalHome&) = delete;
  LocalHome& operator=(const LocalHome&) = delete;

  local::Options options() { return {home, "/nonexistent/mdl", system_clock(), sleeper, transport}; }

  local::Home home;
  ScriptedTransport transport;
  NoSleeper sleeper;
};

}  // namespace mdl::test
