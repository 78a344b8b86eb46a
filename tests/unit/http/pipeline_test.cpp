#include "core/http/pipeline.hpp"

#include <doctest/doctest.h>

#include "core/http/retry_after.hpp"
#include "core/http/url.hpp"
#include "tests/fakes/time.hpp"
#include "tests/fakes/transport.hpp"

using namespace mdl;
using namespace std::chrono_literals;
using fakes::ScriptedTransport;

namespace {

// A retry over a script; the random source gives the largest backoff unless told otherwise.
struct Bench {
  fakes::FakeClock clock;
  fakes::FakeSleeper sleeper{clock};
  ScriptedTransport::Script script;
  double random = 1.0;
  std::unique_ptr<http::Transport> retry = http::with_retry(std::make_unique<ScriptedTransport>(script), {},
                                                            clock, sleeper, [this] { return random; });

  Result<http::Response> send(bool idempotent, const http::OnBody& on_body = {}) {
    return retry->send({.method = "POST", .url = "http://h/", .body = "b", .idempotent = idempotent},
                       on_body);
  }
};

// How often a request is sent when each attempt ends like this.
int attempts(bool idempotent, const std::function<void(ScriptedTransport::Script&)>& each) {
  Bench bench;
  for (int i = 0; i < 10; ++i) each(bench.script);
  (void)bench.send(idempotent);
  return static_cast<int>(bench.script.asked.size());
}

int attempts_at_status(int status, bool idempotent) {
  return attempts(idempotent, [status](auto& script) { script.answer(status); });
}

int attempts_at_error(ErrorKind kind, const char* code, bool idempotent) {
  return attempts(idempotent, [=](auto& script) { script.error(kind, code); });
}

}  // namespace

TEST_CASE("http: a request is repeated for the statuses that ask for it, and 500 only when that is safe") {
  for (const int status : {429, 502, 503, 504}) {
    CHECK(attempts_at_status(status, false) == 4);
    CHECK(attempts_at_status(status, true) == 4);
  }
  CHECK(attempts_at_status(500, true) == 4);
  CHECK(attempts_at_status(500, false) == 1);
  for (const int status : {200, 301, 400, 401, 404, 409, 412, 501})
    CHECK(attempts_at_status(status, true) == 1);
}

TEST_CASE(
    "http: that nobody listens on a Unix socket is told at once, so that the caller can start who should") {
  Bench bench;
  bench.script.error(ErrorKind::unavailable, "refused");
  CHECK_FALSE(bench.retry->send({.url = "http://h/", .unix_socket = "/s", .idempotent = true}));
  CHECK(bench.script.asked.size() == 1);
}

TEST_CASE("http: a connection that never was is repeated, a cut answer only when that is safe") {
  for (const bool idempotent : {false, true}) {
    CHECK(attempts_at_error(ErrorKind::unavailable, "refused", idempotent) == 4);
    CHECK(attempts_at_error(ErrorKind::unavailable, "resolve", idempotent) == 4);
    CHECK(attempts_at_error(ErrorKind::unavailable, "tls", idempotent) == 1);
    CHECK(attempts_at_error(ErrorKind::timeout, "", idempotent) == 1);
    CHECK(attempts_at_error(ErrorKind::interrupted, "", idempotent) == 1);
    CHECK(attempts_at_error(ErrorKind::invalid, "", idempotent) == 1);
  }
  CHECK(attempts_at_error(ErrorKind::unavailable, "cut", true) == 4);
  CHECK(attempts_at_error(ErrorKind::unavailable, "cut", false) == 1);
}

TEST_CASE("http: the first good answer ends the retry, the last bad one is returned") {
  Bench bench;
  bench.script.answer(503).error(ErrorKind::unavailable, "refused").answer(200, {}, "fine");
  CHECK(bench.send(false)->body == "fine");
  CHECK(bench.script.asked.size() == 3);
  CHECK(bench.script.asked.back().body == "b");

  Bench worse;
  for (int i = 0; i < 4; ++i) worse.script.answer(503, {}, std::to_string(i));
  CHECK(worse.send(false)->body == "3");
}

TEST_CASE("http: backoff doubles to its bound, with full jitter") {
  Bench bench;
  bench.retry = http::with_retry(std::make_unique<ScriptedTransport>(bench.script), {6, 200ms, 1000ms},
                                 bench.clock, bench.sleeper, [&] { return bench.random; });
  for (int i = 0; i < 6; ++i) bench.script.answer(503);
  (void)bench.send(false);
  CHECK(bench.sleeper.slept() == std::vector<Milliseconds>{200ms, 400ms, 800ms, 1000ms, 1000ms});

  Bench half;
  half.random = 0.5;
  half.script.answer(503).answer(503).answer(200);
  (void)half.send(false);
  CHECK(half.sleeper.slept() == std::vector<Milliseconds>{100ms, 200ms});
}

TEST_CASE("http: Retry-After is waited for, in both its forms, and never longer than the bound") {
  Bench bench;  // its clock starts at 2026-11-24T12:00:00Z
  bench.script.answer(429, {{"retry-after", "7"}})
      .answer(503, {{"Retry-After", "Tue, 24 Nov 2026 12:00:10 GMT"}})
      .answer(503, {{"Retry-After", "99999999999999999999999"}})
      .answer(200);
  CHECK(bench.send(false)->status == 200);
  CHECK(bench.sleeper.slept() == std::vector<Milliseconds>{7s, 3s, 20s});
}

TEST_CASE("http: what is no Retry-After is nothing") {
  const auto now = fakes::FakeClock().now();
  CHECK(http::parse_retry_after("0", now) == 0ms);
  CHECK(http::parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == 0ms);
  CHECK(http::parse_retry_after("Tue, 24 Nov 2026 12:01:00 GMT", now) == 1min);
  for (const auto* wrong :
       {"", "-1", "+1", "1.5", "soon", "1 s", "Tue, 24 Nov 2026 12:01:00", "Tue, 24 Nox 2026 12:01:00 GMT",
        "Tue, 99 Nov 2026 12:01:00 GMT", "Tuesday, 24-Nov-26 12:01:00 GMT"})
    CHECK_MESSAGE(!http::parse_retry_after(wrong, now), wrong);
}

TEST_CASE("http: once the caller has seen a part of a body, the request is not repeated") {
  Bench bench;
  bench.script.error(ErrorKind::unavailable, "cut", "part").answer(200, {}, "whole");
  std::string seen;
  const auto take = [&](std::string_view bytes) {
    seen += bytes;
    return true;
  };
  CHECK(bench.send(true, take).error().code == "cut");
  CHECK(seen == "part");

  Bench nothing_seen;
  nothing_seen.script.error(ErrorKind::unavailable, "cut").answer(200, {}, "whole");
  seen.clear();
  CHECK(nothing_seen.send(true, take)->status == 200);
  CHECK(seen == "whole");
}

TEST_CASE("http: each attempt is signed anew, and what cannot be signed is not sent") {
  fakes::FakeClock clock;
  fakes::FakeSleeper sleeper(clock);
  ScriptedTransport::Script script;
  script.answer(503).answer(200);
  auto pipeline = http::with_signer(std::make_unique<ScriptedTransport>(script),
                                    [&](http::Request& request) -> Result<void> {
                                      request.headers.emplace_back("Date", to_rfc3339(clock.now()));
                                      return {};
                                    });
  pipeline = http::with_retry(std::move(pipeline), {}, clock, sleeper, [] { return 1.0; });
  CHECK(pipeline->send({.url = "http://h/"})->status == 200);
  REQUIRE(script.asked.size() == 2);
  CHECK(script.asked[0].headers == http::Headers{{"Date", "2026-11-24T12:00:00.000Z"}});
  CHECK(script.asked[1].headers == http::Headers{{"Date", "2026-11-24T12:00:00.200Z"}});

  const auto unsigned_ =
      http::with_signer(std::make_unique<ScriptedTransport>(script),
                        [](http::Request&) -> Result<void> { return fail(ErrorKind::denied, "no key"); });
  CHECK(unsigned_->send({.url = "http://h/"}).error().kind == ErrorKind::denied);
  CHECK(script.asked.size() == 2);
}

TEST_CASE("http: the log has one line an attempt, without query, user, headers or body") {
  fakes::FakeClock clock;
  ScriptedTransport::Script script;
  script.answer(200, {{"Set-Cookie", "secret"}}, "secret")
      .error(ErrorKind::unavailable, "cut")
      .error(ErrorKind::timeout);
  std::vector<std::string> lines;
  const auto pipeline = http::with_log(std::make_unique<ScriptedTransport>(script), clock,
                                       [&](const std::string& line) { lines.push_back(line); });
  const http::Request request{.method = "POST",
                              .url = "https://user:secret@h:1/a/b?token=secret#secret",
                              .headers = {{"Authorization", "secret"}},
                              .body = "secret"};
  for (int i = 0; i < 3; ++i) (void)pipeline->send(request);
  CHECK(lines == std::vector<std::string>{"POST https://h:1/a/b 200 0 ms",
                                          "POST https://h:1/a/b unavailable (cut) 0 ms",
                                          "POST https://h:1/a/b timeout 0 ms"});
}

TEST_CASE("http: URLs are shown without what may be secret") {
  CHECK(http::shown_url("http://h") == "http://h");
  CHECK(http::shown_url("http://a@b:c@h/p@q?x") == "http://h/p@q");
  CHECK(http::shown_url("not a url?x") == "not a url");
  CHECK(http::origin("https://u:p@h:443/a/b?c") == "https://h:443");
  CHECK(http::origin("https://h?c") == "https://h");
}

TEST_CASE("http: this machine is known by its names") {
  for (const auto* url : {"http://127.0.0.1:8400/x", "http://127.1/", "https://LOCALHOST",
                          "http://u@localhost:1/", "http://[::1]:80/"})
    CHECK_MESSAGE(http::is_loopback(url), url);
  for (const auto* url : {"http://127.0.0.1.example/", "http://h/127.0.0.1", "http://localhost.example/",
                          "http://127.0.0.1@h/", "http://[::2]/", "http://[::1", ""})
    CHECK_MESSAGE(!http::is_loopback(url), url);
}

TEST_CASE("http: headers are found whatever their case") {
  const http::Response response{.headers = {{"Content-Type", "a"}, {"content-type", "b"}}};
  CHECK(response.header("CONTENT-TYPE") == "a");
  CHECK(response.header("Content").empty());
}
