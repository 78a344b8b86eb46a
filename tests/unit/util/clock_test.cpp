#include "core/util/clock.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/time.hpp"

using namespace mdl;
using namespace std::chrono_literals;

TEST_CASE("clock: RFC 3339 times survive, in UTC and with an offset") {
  const Time time{1'795'518'191'204ms};
  CHECK(to_rfc3339(time) == "2026-11-24T11:03:11.204Z");
  CHECK(parse_rfc3339("2026-11-24T11:03:11.204Z") == time);
  CHECK(parse_rfc3339("2026-11-24t12:03:11.2040000009+01:00") == time);
  CHECK(parse_rfc3339("2026-11-24T05:33:11.204-05:30") == time);
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z").has_value());
  CHECK(parse_rfc3339("2016-12-31T23:59:60Z") == parse_rfc3339("2017-01-01T00:00:00Z"));
  CHECK(parse_rfc3339("2026-11-24T11:03:11.000000001Z")->time_since_epoch().count() % 10 == 1);
}

TEST_CASE("clock: what is no RFC 3339 time is nothing") {
  for (const auto* wrong :
       {"", "2026-11-24", "2026-11-24T11:03:11", "2026-11-24T11:03:11.Z", "2026-11-24T11:03:11Zx",
        "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T11:60:00Z",
        "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "2026-11-24T11:03:11+24:00",
        "2026-11-24T11:03:11+0100", "-026-11-24T11:03:11Z"})
    CHECK_MESSAGE(!parse_rfc3339(wrong), wrong);
}

TEST_CASE("clock: virtual time moves only when it is told to") {
  fakes::FakeClock clock;
  fakes::FakeSleeper sleeper(clock);
  CHECK(to_rfc3339(clock.now()) == "2026-11-24T12:00:00.000Z");
  sleeper.sleep(1500ms);
  clock.jump(1h);
  CHECK(clock.elapsed() == 1500ms);
  CHECK(to_rfc3339(clock.now()) == "2026-11-24T13:00:01.500Z");
  CHECK(sleeper.slept() == std::vector<Milliseconds>{1500ms});
}
