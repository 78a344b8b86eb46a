#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <doctest/doctest.h>
#include <functional>
#include <optional>
#include <string>

#include "core/util/files.hpp"
#include "providers/local/supervisor/api.hpp"
#include "tests/fakes/folder.hpp"

// A supervisor in this process, driven through its API, with services of Python's standard library.
namespace mdl::local::supervisor::test {

// Answers 200 on every path with its release's number; exits on /crash; prints what it serves.
inline const std::string good_service = R"(
import http.server, os, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/crash": os._exit(3)
        self.send_response(200); self.end_headers()
        self.wfile.write(os.environ["MDL_RELEASE"].encode())
        print("served", self.path)
    def log_message(self, *arguments): pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer): daemon_threads = True
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
)";

struct Bench {
  explicit Bench(const Home& used, const std::vector<Gpu>& devices = {})
      : home(used), state(State::open(used).value()), keeper(Keeper::start().value()) {
    supervisor.emplace(
        io, home, state, keeper, system_clock(), Log(), [this] { finished = true; }, 0,
        [devices] { return devices; });
    api.emplace(*supervisor);
    REQUIRE(supervisor->start());
  }

  // Runs the event loop until `met`; fails the test after 30 s.
  void run_until(const std::function<bool()>& met) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!met()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      io.run_one_until(deadline);
    }
  }

  ApiResponse call(const char* method, const std::string& target, const Value& body = {},
                   const std::string& fence = "") {
    std::optional<ApiResponse> response;
    ApiRequest request{.method = method, .target = target, .body = body.is_null() ? "" : dump(body)};
    if (!fence.empty()) request.fence = fence;
    api->handle(request, [&](ApiResponse answer) { response = std::move(answer); });
    run_until([&] { return response.has_value(); });
    return *response;
  }
  Value get(const std::string& target) { return parse_json(call("GET", target).body).value_or(Value()); }
  std::string fence() { return get(path)["live"]["revision"].as_string(); }

  void add_artifact(const std::string& digest, const std::string& program) const {
    REQUIRE(write_file(home.artifacts() + "/" + digest + "/app/app.py", program));
  }
  void put_service(const Value& scaling) {
    REQUIRE(
        call("PUT", path + "/gateway", Value::object({{"spec", Value::object({{"port", 0}})}}), "0").status ==
        200);
    const auto spec = Value::object({{"declared", scaling}});
    REQUIRE(call("PUT", path + "/scaling", Value::object({{"spec", spec}}), "0").status == 200);
  }
  void put_release(int release, const std::string& digest, const std::string& at_fence,
                   int start_timeout_ms = 20'000, int gpus = 0) {
    auto spec = Value::object({{"artifact", digest},
                               {"command", Value::array({"python3", "app.py"})},
                               {"health", "/healthz"},
                               {"start_timeout_ms", start_timeout_ms}});
    if (gpus > 0) spec.set("gpu", gpus);
    const auto target = path + "/replicas/" + std::to_string(release);
    REQUIRE(call("PUT", target, Value::object({{"spec", spec}}), at_fence).status == 200);
  }
  Value readiness(int release) { return get(path + "/replicas/" + std::to_string(release) + "/readiness"); }
  Value run_until_settled(int release) {
    run_until([&] { return readiness(release)["state"].as_string() != "waiting"; });
    return readiness(release);
  }
  ApiResponse go_live(int release, const std::string& expected) {
    const auto split = Value::array({Value::object({{"release", release}, {"weight", 1.0}})});
    return call("PUT", path + "/live", Value::object({{"expected", expected}, {"split", split}}));
  }
  // The body of an answer through the gateway, or "" when the status is not 200.
  std::string request(const std::string& target = "/") {
    std::optional<Answer> answer;
    const auto port = static_cast<std::uint16_t>(get(path)["gateway"]["status"]["port"].as_integer());
    const auto get = http_get(supervisor->loop(), port, target, Milliseconds(20'000), 1 << 20,
                              [&](Answer got) { answer = std::move(got); });
    run_until([&] { return answer.has_value(); });
    return answer->status == 200 ? answer->body : "";
  }

  std::string path = "/v1/services/hello/local";
  Home home;
  boost::asio::io_context io{1};
  State state;
  Keeper keeper;
  bool finished = false;
  std::optional<Supervisor> supervisor;
  std::optional<Api> api;
};

}  // namespace mdl::local::supervisor::test
