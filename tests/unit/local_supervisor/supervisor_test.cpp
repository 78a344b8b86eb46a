#include <csignal>
#include <doctest/doctest.h>
#include <sys/resource.h>

#include "bench.hpp"
#include "providers/local/logfile.hpp"

using namespace mdl;
using namespace mdl::local;
using supervisor::Answer;
using supervisor::ApiResponse;
using supervisor::test::Bench;
using supervisor::test::good_service;

namespace {

Value scaling(int min, int max, int idle_ms = 300'000) {
  return Value::object(
      {{"min", min}, {"max", max}, {"concurrency", 4}, {"idle_ms", idle_ms}, {"warm_ms", 300'000}});
}

// A bench with a service whose release 1 is live.
struct Deployed {
  fakes::TempFolder folder;
  Home home{folder.path()};
  std::optional<Bench> bench{home};
  explicit Deployed(const Value& wanted = scaling(1, 4)) {
    bench->add_artifact("good", good_service);
    bench->put_service(wanted);
    bench->put_release(1, "good", "0");
    REQUIRE(bench->run_until_settled(1)["state"].as_string() == "ready");
    REQUIRE(bench->go_live(1, "0").status == 200);
  }
};

std::string notes(const Home& home) {
  std::string result;
  const auto page = read_logs(home.logs("hello", "local"), {}, "").value();
  for (const auto& entry : page.entries)
    if (const auto* note = std::get_if<provider::LogNote>(&entry)) result += note->text + "\n";
  return result;
}

pid_t pid_of(Bench& bench, int release) {
  const auto state = bench.get(bench.path);
  for (const auto& one : state["replicas"].as_array())
    if (one["release"].as_integer() == release && !one["status"]["replicas"].as_array().empty())
      return static_cast<pid_t>(one["status"]["replicas"].as_array()[0]["pid"].as_integer());
  return 0;
}

}  // namespace

TEST_CASE("supervisor: a release starts beside the live one and gets requests only once it is named live") {
  Deployed d;
  auto& bench = *d.bench;
  CHECK(bench.request() == "1");
  bench.put_release(2, "good", bench.fence());
  CHECK(bench.run_until_settled(2)["state"].as_string() == "ready");
  CHECK(bench.request() == "1");
  REQUIRE(bench.go_live(2, bench.fence()).status == 200);
  CHECK(bench.request() == "2");
  CHECK(bench.get(bench.path)["status"]["health"].as_string() == "ok");
}

TEST_CASE(
    "supervisor: a release that exits at its start fails with its last lines and never gets a request") {
  Deployed d;
  auto& bench = *d.bench;
  bench.add_artifact("bad", "print('starting', flush=True)\nimport no_such_module\n");
  bench.put_release(2, "bad", bench.fence());
  const auto failure = bench.run_until_settled(2);
  CHECK(failure["state"].as_string() == "failed");
  CHECK(failure["code"].as_string() == "exited");
  CHECK(failure["resource"].as_string() == "replica 2/1");
  CHECK(failure["detail"].as_string() == "replica 2/1 exited 1 before /healthz answered");
  const auto lines = failure["lines"].as_strings();
  REQUIRE(lines.size() >= 2);
  CHECK(lines.front() == "starting");
  CHECK(lines.back() == "ModuleNotFoundError: No module named 'no_such_module'");
  CHECK(bench.go_live(2, bench.fence()).status == 422);
  CHECK(bench.request() == "1");
}

TEST_CASE("supervisor: a release that listens elsewhere fails and is told where") {
  Deployed d;
  auto& bench = *d.bench;
  bench.add_artifact(
      "elsewhere",
      "import socket, time\ns = socket.create_server(('127.0.0.1', 0))\nprint(s.getsockname()[1])\n"
      "time.sleep(60)\n");
  bench.put_release(2, "elsewhere", bench.fence(), 2'000);
  const auto failure = bench.run_until_settled(2);
  CHECK(failure["code"].as_string() == "timeout");
  REQUIRE(failure["lines"].as_strings().size() == 1);
  CHECK(failure["detail"].as_string().find("it listens on " + failure["lines"].as_strings()[0] +
                                           ", not on $PORT") != std::string::npos);
}

TEST_CASE("supervisor: a replica that crashes is started again and the log says why") {
  Deployed d;
  auto& bench = *d.bench;
  const auto before = pid_of(bench, 1);
  CHECK(bench.request("/crash") == "");
  bench.run_until([&] { return pid_of(bench, 1) != 0 && pid_of(bench, 1) != before; });
  CHECK(bench.request() == "1");
  CHECK(notes(d.home) == "replica 1/1 restarted: exit 3\n");
}

TEST_CASE("supervisor: without descriptors it cannot ask a replica, and does not blame it") {
  boost::asio::io_context io;
  supervisor::Loop loop(io);
  bool woken = false;
  const auto timer =
      loop.after(Milliseconds(0), [&] { woken = true; });  // the loop's own descriptors are open now
  io.run();
  REQUIRE(woken);
  io.restart();
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  std::optional<Answer> answer;
  const auto get = supervisor::http_get(loop, 1, "/", Milliseconds(1'000), 100,
                                        [&](Answer got) { answer = std::move(got); });
  io.run();
  ::setrlimit(RLIMIT_NOFILE, &before);
  REQUIRE(answer);
  CHECK(answer->outcome == Answer::Outcome::unasked);
}

TEST_CASE("supervisor: one that is started again brings back the live release at the same port") {
  Deployed d;
  const auto port = d.bench->get(d.bench->path)["gateway"]["status"]["port"].as_integer();
  const auto before = pid_of(*d.bench, 1);
  d.bench.reset();  // everything that it ran is gone with it
  CHECK(::kill(before, 0) != 0);
  d.bench.emplace(d.home);
  CHECK(d.bench->get(d.bench->path)["gateway"]["status"]["port"].as_integer() == port);
  CHECK(d.bench->request() == "1");
}

TEST_CASE("supervisor: a port that it chose itself and that is taken when it starts again is replaced") {
  Deployed d;
  const auto port = d.bench->get(d.bench->path)["gateway"]["status"]["port"].as_integer();
  d.bench.reset();
  boost::asio::io_context io;
  Gateway other(io, system_clock(), {});
  REQUIRE(other.listen("other", static_cast<std::uint16_t>(port)));
  d.bench.emplace(d.home);
  const auto moved = d.bench->get(d.bench->path)["gateway"]["status"]["port"].as_integer();
  CHECK(moved != port);
  CHECK(d.bench->request() == "1");
  d.bench.reset();
  d.bench.emplace(d.home);
  CHECK(d.bench->get(d.bench->path)["gateway"]["status"]["port"].as_integer() == moved);
}

TEST_CASE("supervisor: scales to zero when it is idle, and holds a request until a replica is there again") {
  Deployed d(scaling(0, 2, 1));
  auto& bench = *d.bench;
  bench.run_until([&] { return bench.get(bench.path)["status"]["health"].as_string() == "asleep"; });
  CHECK(bench.request() == "1");
}

TEST_CASE("supervisor: a run that was overtaken changes nothing and is told who won") {
  Deployed d;
  auto& bench = *d.bench;
  REQUIRE(bench.call("POST", bench.path + "/records", Value::object({{"number", 1}, {"runs", 1}})).status ==
          201);
  const auto lost = bench.call("DELETE", bench.path + "/replicas/1", {}, "0");
  CHECK(lost.status == 409);
  const auto body = parse_json(lost.body).value();
  CHECK(body["code"].as_string() == "conflict");
  CHECK(body["record"]["number"].as_integer() == 1);
  CHECK(body["live"]["revision"].as_string() == bench.fence());
  CHECK(bench.go_live(1, "0").status == 409);
  CHECK(bench.call("DELETE", bench.path + "/replicas/1", {}).status == 400);
  CHECK(bench.request() == "1");
}

TEST_CASE("supervisor: ends when the last service is gone, with its processes and logs") {
  Deployed d;
  auto& bench = *d.bench;
  const auto pid = pid_of(bench, 1);
  const auto fence = bench.fence();
  REQUIRE(bench.call("DELETE", bench.path + "/replicas/1", {}, fence).status == 200);
  REQUIRE(bench.call("DELETE", bench.path + "/scaling", {}, fence).status == 200);
  REQUIRE(bench.call("DELETE", bench.path + "/gateway", {}, fence).status == 200);
  REQUIRE(bench.call("DELETE", bench.path + "/records").status == 200);
  bench.run_until([&] { return bench.finished; });
  CHECK(::kill(pid, 0) != 0);
  CHECK_FALSE(exists(d.home.logs("hello", "local")));
  CHECK(bench.call("GET", bench.path).status == 404);
}

TEST_CASE("supervisor: ends also when the last replica takes longer than a second to end") {
  Deployed d;
  auto& bench = *d.bench;
  bench.add_artifact(
      "slow", "import signal, time\nsignal.signal(signal.SIGTERM, lambda *a: (time.sleep(1.5), exit(0)))\n" +
                  good_service);
  bench.put_release(2, "slow", bench.fence());
  REQUIRE(bench.run_until_settled(2)["state"].as_string() == "ready");
  const auto fence = bench.fence();
  for (const auto* what : {"/replicas/1", "/replicas/2", "/gateway"})
    REQUIRE(bench.call("DELETE", bench.path + what, {}, fence).status == 200);
  REQUIRE(bench.call("DELETE", bench.path + "/records").status == 200);
  bench.run_until([&] { return bench.finished; });
}

TEST_CASE("supervisor: a port that is taken is said, and changes nothing") {
  Deployed d;
  auto& bench = *d.bench;
  const auto port = bench.get(bench.path)["gateway"]["status"]["port"];
  const auto other = Value::object({{"spec", Value::object({{"port", port}})}});
  const auto refused = bench.call("PUT", "/v1/services/other/local/gateway", other, "0");
  CHECK(refused.status == 500);
  CHECK(parse_json(refused.body).value()["reason"].as_string() == "port-taken");
  CHECK(bench.call("GET", "/v1/services/other/local").status == 404);
  CHECK(bench.request() == "1");
}

namespace {

ApiResponse rest(Bench& bench, const std::string& expected, int room_for) {
  return bench.call("POST", bench.path + "/live/rest",
                    Value::object({{"expected", expected}, {"room_for", room_for}}));
}

}  // namespace

TEST_CASE("supervisor: what is live rests, requests wait, and the next release starts when it has ended") {
  Deployed d;
  auto& bench = *d.bench;
  const auto first = pid_of(bench, 1);
  bench.add_artifact("alone", "import os\nassert not os.path.exists('/proc/" + std::to_string(first) +
                                  "')\n" + good_service);
  REQUIRE(rest(bench, bench.fence(), 2).status == 200);
  CHECK(bench.get(bench.path)["live"]["rests_for"].as_integer() == 2);
  CHECK(bench.get(bench.path)["status"]["health"].as_string() == "resting");
  std::optional<Answer> held;
  const auto port =
      static_cast<std::uint16_t>(bench.get(bench.path)["gateway"]["status"]["port"].as_integer());
  const auto get = supervisor::http_get(bench.supervisor->loop(), port, "/", Milliseconds(20'000), 1 << 20,
                                        [&](Answer got) { held = std::move(got); });
  bench.put_release(2, "alone", bench.fence());
  CHECK(bench.run_until_settled(2)["state"].as_string() == "ready");
  CHECK(pid_of(bench, 1) == 0);
  CHECK(bench.get(bench.path)["status"]["held"].as_integer() == 1);
  REQUIRE(bench.go_live(2, bench.fence()).status == 200);
  bench.run_until([&] { return held.has_value(); });
  CHECK(held->body == "2");
  CHECK(bench.get(bench.path)["live"]["rests_for"].is_null());
}

TEST_CASE("supervisor: a swap back ends the rest: what was live starts when the other has ended") {
  Deployed d;
  auto& bench = *d.bench;
  bench.add_artifact(
      "slow", "import signal, time\nsignal.signal(signal.SIGTERM, lambda *a: (time.sleep(0.3), exit(0)))\n" +
                  good_service);
  REQUIRE(rest(bench, bench.fence(), 2).status == 200);
  bench.put_release(2, "slow", bench.fence());
  REQUIRE(bench.run_until_settled(2)["state"].as_string() == "ready");
  REQUIRE(bench.go_live(1, bench.fence()).status == 200);
  bool both = false;
  bench.run_until([&] {
    both = both || (pid_of(bench, 1) != 0 && pid_of(bench, 2) != 0);
    return pid_of(bench, 1) != 0;
  });
  CHECK_FALSE(both);
  CHECK(bench.run_until_settled(1)["state"].as_string() == "ready");
  CHECK(bench.request() == "1");
}

TEST_CASE(
    "supervisor: the stream of a removed release gets no more time when the next one must stand alone") {
  Deployed d;
  auto& bench = *d.bench;
  bench.add_artifact("stream", R"(
import http.server, os, socketserver, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        while self.path == "/stream":
            self.wfile.write(b".")
            time.sleep(0.02)
    def log_message(self, *arguments): pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer): daemon_threads = True
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
)");
  bench.put_release(2, "stream", bench.fence());
  REQUIRE(bench.run_until_settled(2)["state"].as_string() == "ready");
  REQUIRE(bench.go_live(2, bench.fence()).status == 200);
  const auto gateway = bench.get(bench.path)["gateway"];
  const auto port = static_cast<std::uint16_t>(gateway["status"]["port"].as_integer());
  std::optional<Answer> ended;
  const auto stream = supervisor::http_get(bench.supervisor->loop(), port, "/stream", Milliseconds(60'000),
                                           1 << 20, [&](Answer got) { ended = std::move(got); });
  CHECK(bench.request() == "");  // after the stream has begun, with a status and no body
  auto spec = gateway["spec"];
  spec.set("timeout_ms", 200);
  REQUIRE(bench.call("PUT", bench.path + "/gateway", Value::object({{"spec", spec}}), bench.fence()).status ==
          200);
  REQUIRE(bench.go_live(1, bench.fence()).status == 200);
  REQUIRE(bench.call("DELETE", bench.path + "/replicas/2", {}, bench.fence()).status == 200);
  CHECK(bench.request() == "1");
  CHECK_FALSE(ended);
  REQUIRE(rest(bench, bench.fence(), 3).status == 200);
  bench.put_release(3, "good", bench.fence());
  CHECK(bench.run_until_settled(3)["state"].as_string() == "ready");
  bench.run_until([&] { return ended.has_value(); });
}

TEST_CASE("supervisor: a rest outlives the supervisor, and only the present pointer can be put to rest") {
  Deployed d;
  const auto before = d.bench->fence();
  REQUIRE(rest(*d.bench, before, 2).status == 200);
  CHECK(rest(*d.bench, before, 3).status == 409);
  CHECK(d.bench
            ->call("PUT", d.bench->path + "/replicas/2",
                   Value::object({{"spec", Value::object({{"artifact", "good"}})}}), before)
            .status == 409);
  d.bench.reset();
  d.bench.emplace(d.home);
  CHECK(d.bench->get(d.bench->path)["live"]["rests_for"].as_integer() == 2);
  CHECK(pid_of(*d.bench, 1) == 0);
  REQUIRE(d.bench->go_live(1, d.bench->fence()).status == 200);
  CHECK(d.bench->request() == "1");
}
