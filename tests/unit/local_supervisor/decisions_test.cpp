#include <doctest/doctest.h>

#include "providers/local/supervisor/backoff.hpp"
#include "providers/local/supervisor/failure.hpp"
#include "providers/local/supervisor/scale.hpp"
#include "providers/local/supervisor/usage.hpp"

using namespace mdl;
using namespace mdl::local::supervisor;
using namespace std::chrono_literals;

TEST_CASE("supervisor backoff: doubles from 0.1 s to 30 s, and begins anew after 10 healthy seconds") {
  Backoff backoff;
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 12; ++i) waits.push_back(backoff.next(9s).count());
  CHECK(waits ==
        std::vector<std::int64_t>{100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000});
  CHECK(backoff.next(10s) == 100ms);
  CHECK(backoff.next(0s) == 200ms);
}

TEST_CASE("supervisor scale: as many replicas as the load needs, within min and max") {
  const ScaleLimits limits{.min = 1, .max = 4, .concurrency = 8};
  CHECK(wanted_replicas(limits, 0) == 1);
  CHECK(wanted_replicas(limits, 8) == 1);
  CHECK(wanted_replicas(limits, 9) == 2);
  CHECK(wanted_replicas(limits, 1000) == 4);
  CHECK(wanted_replicas({.min = 0, .max = 4, .concurrency = 8}, 0) == 0);
  CHECK(wanted_replicas({.min = 0, .max = 4, .concurrency = 8}, 1) == 1);
}

TEST_CASE("supervisor scale: up at once, down only when the load stayed low for the idle time") {
  const ScaleLimits limits{.min = 0, .max = 4, .concurrency = 1, .idle = 10s};
  ScaleWindow window;
  CHECK(window.update(limits, 3, 100s, 100s) == 3);
  CHECK(window.update(limits, 1, 105s, 105s) == 3);
  CHECK(window.update(limits, 1, 110s, 110s) == 1);
  CHECK(window.update(limits, 0, 115s, 112s) == 1);
  CHECK(window.update(limits, 0, 121s, 112s) == 1);
  CHECK(window.update(limits, 0, 122s, 112s) == 0);
}

TEST_CASE("supervisor scale: a request that came and went between two looks counts as use") {
  const ScaleLimits limits{.min = 0, .max = 4, .concurrency = 1, .idle = 10s};
  ScaleWindow window;
  CHECK(window.update(limits, 1, 100s, 100s) == 1);
  CHECK(window.update(limits, 0, 109s, 108s) == 1);
  CHECK(window.update(limits, 0, 115s, 108s) == 1);
  CHECK(window.update(limits, 0, 118s, 108s) == 0);
}

TEST_CASE("supervisor scale: other limits hold at once") {
  ScaleWindow window;
  CHECK(window.update({.min = 3, .max = 4, .concurrency = 1, .idle = 10s}, 0, 100s, 0s) == 3);
  CHECK(window.update({.min = 0, .max = 2, .concurrency = 1, .idle = 10s}, 0, 101s, 0s) == 2);
  CHECK(window.update({.min = 0, .max = 2, .concurrency = 1, .idle = 10s}, 0, 111s, 0s) == 0);
}

TEST_CASE("supervisor scale: limits that are missing or make no sense become usable ones") {
  const auto limits =
      scale_limits(Value::object({{"min", 6}, {"max", 2}, {"concurrency", 0}, {"idle_ms", -1}}));
  CHECK(limits.min == 6);
  CHECK(limits.max == 6);
  CHECK(limits.concurrency == 1);
  CHECK(limits.idle == 300s);
  CHECK(scale_limits({}).max == 4);
  CHECK(scale_limits(Value::object({{"min", 0}, {"max", 0}})).max == 1);
}

TEST_CASE("supervisor failure: says what was seen last, and where the process listens instead") {
  using Outcome = Answer::Outcome;
  const auto detail = [](const Answer& last, const std::set<int>& listening) {
    const auto failure = timeout_failure("replica 9/1", last, "/healthz", 60s, 8123, listening, {});
    return failure["code"].as_string() + ": " + failure["detail"].as_string();
  };
  CHECK(detail({.outcome = Outcome::refused}, {}) ==
        "timeout: replica 9/1 was not healthy within 1m00s: nothing listens on $PORT (8123)");
  CHECK(detail({.outcome = Outcome::refused}, {5000}) ==
        "timeout: replica 9/1 was not healthy within 1m00s: it listens on 5000, not on $PORT (8123)");
  CHECK(detail({.outcome = Outcome::answered, .status = 500}, {8123}) ==
        "unhealthy: replica 9/1 was not healthy within 1m00s: /healthz answered 500");
  CHECK(detail({.outcome = Outcome::silent}, {8123}) ==
        "timeout: replica 9/1 was not healthy within 1m00s: /healthz did not answer");
}

TEST_CASE("supervisor failure: what could not be asked is not blamed on the replica") {
  const auto text = describe({.outcome = Answer::Outcome::unasked}, "/healthz");
  CHECK(text == "it could not be asked: this machine has no file descriptors left");
}

TEST_CASE("supervisor failure: a replica that ended tells its status and its last lines") {
  const auto failure =
      exit_failure("replica 9/1", 1, "", "/healthz", {"ModuleNotFoundError: No module named 'pandas'"});
  CHECK(failure["state"].as_string() == "failed");
  CHECK(failure["code"].as_string() == "exited");
  CHECK(failure["resource"].as_string() == "replica 9/1");
  CHECK(failure["detail"].as_string() == "replica 9/1 exited 1 before /healthz answered");
  CHECK(failure["lines"].as_strings().size() == 1);
}

TEST_CASE("supervisor usage: a process's figures are read behind a name that holds anything") {
  const auto stat = parse_stat(
      "4321 (py (x) 1 2) S 1 777 777 0 -1 4194304 900 10 0 0 150 30 5 15 20 0 4 0 12345 104857600 2560 "
      "184467 1 1 0 0\n");
  REQUIRE(stat);
  CHECK(stat->group == 777);
  CHECK(stat->ticks == 200);
  CHECK(stat->pages == 2560);
  CHECK_FALSE(stat->ended);
  const auto zombie =
      parse_stat("4321 (py) Z 1 777 777 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0 184467 0 0 0 0\n");
  REQUIRE(zombie);
  CHECK(zombie->ended);
  CHECK_FALSE(parse_stat("4321 (python"));
  CHECK_FALSE(parse_stat("4321 (python) S 1 2"));
  CHECK_FALSE(parse_stat(""));
}

TEST_CASE("supervisor usage: proportional memory is read in kilobytes") {
  CHECK(parse_pss(
            "5581-7ffe ---p 0 00:00 0 [rollup]\nRss:      2048 kB\nPss:       512 kB\nPss_Anon: 1 kB\n") ==
        512 * 1024);
  CHECK_FALSE(parse_pss("Rss: 2048 kB\n"));
}

TEST_CASE("supervisor usage: only listening sockets are taken from the system's table, over IPv4 and IPv6") {
  const auto ports = parse_listening(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31337 1 "
      "0000\n"
      "   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 31338 1 "
      "0000\n"
      "   2: 00000000000000000000000000000000:1388 00000000000000000000000000000000:0000 0A "
      "00000000:00000000 "
      "00:00000000 00000000  1000        0 31339 1 0000\n");
  CHECK(ports == std::map<std::uint64_t, int>{{31337, 8080}, {31339, 5000}});
}

TEST_CASE("supervisor usage: a memory limit is written as in the manifest") {
  CHECK(readable_limit(512 << 20) == "512 MB");
  CHECK(readable_limit(500'000'000) == "500.0 MB");
}
