#include "providers/local/gateway/scheduler.hpp"

#include <doctest/doctest.h>
#include <list>

using namespace mdl::local;
using namespace mdl::local::gateway;
using namespace std::chrono_literals;

namespace {

struct FixedClock final : mdl::Clock {
  mdl::Time now() const override { return mdl::Time(time); }
  std::chrono::nanoseconds elapsed() const override { return time; }
  std::chrono::nanoseconds time{1s};
};

struct Request final : Ticket {
  void on_turn() override { ++turns; }
  int turns = 0;
};

struct Fixture {
  FixedClock clock;
  std::vector<int> demanded;
  std::vector<Upstream> closed, drained;
  Scheduler scheduler{{.demand = [this](int release) { demanded.push_back(release); },
                       .closed = [this](const Upstream& upstream) { closed.push_back(upstream); },
                       .drained = [this](const Upstream& upstream) { drained.push_back(upstream); }},
                      clock};
  std::list<Request> requests;

  Request& enter(Scheduler::Turn expected) {
    requests.emplace_back();
    CHECK(scheduler.enter(requests.back()) == expected);
    return requests.back();
  }
};

constexpr Upstream a{.release = 1, .replica = 1, .port = 1001};
constexpr Upstream b{.release = 1, .replica = 2, .port = 1002};
constexpr Upstream c{.release = 2, .replica = 1, .port = 2001};

Route route(std::vector<Upstream> upstreams, int concurrency = 1) {
  return {
      .split = {{.release = 1, .weight = 1}}, .upstreams = std::move(upstreams), .concurrency = concurrency};
}

using Turn = Scheduler::Turn;
using Phase = Ticket::Phase;

}  // namespace

TEST_CASE("gateway: requests go to the least loaded replica, in turn when they are equal") {
  Fixture f;
  f.scheduler.update(route({a, b}, 8));
  Request& first = f.enter(Turn::placed);
  Request& second = f.enter(Turn::placed);
  CHECK(first.replica().upstream == a);
  CHECK(second.replica().upstream == b);
  f.scheduler.leave(first);
  CHECK(f.enter(Turn::placed).replica().upstream == a);
  CHECK(f.scheduler.in_flight(1) == 2);
  CHECK(f.scheduler.in_flight(a) == 1);
}

TEST_CASE("gateway: beyond the concurrency requests wait, and are served first come first served") {
  Fixture f;
  f.scheduler.update(route({a}));
  Request& first = f.enter(Turn::placed);
  Request& second = f.enter(Turn::held);
  Request& third = f.enter(Turn::held);
  CHECK(f.demanded == std::vector<int>{1, 1});
  CHECK(f.scheduler.held() == 2);
  f.scheduler.leave(first);
  CHECK(second.phase() == Phase::placed);
  CHECK(second.turns == 1);
  CHECK(third.phase() == Phase::held);
  CHECK(f.scheduler.held(1) == 1);
}

TEST_CASE("gateway: a request that gives up waiting leaves the others in order") {
  Fixture f;
  f.scheduler.update(route({a}));
  Request& first = f.enter(Turn::placed);
  Request& second = f.enter(Turn::held);
  Request& third = f.enter(Turn::held);
  f.scheduler.leave(second);
  CHECK(f.scheduler.held() == 1);
  f.scheduler.leave(first);
  CHECK(third.phase() == Phase::placed);
}

TEST_CASE("gateway: held requests are given out when an upstream appears") {
  Fixture f;
  f.scheduler.update(route({}, 2));
  Request& first = f.enter(Turn::held);
  Request& second = f.enter(Turn::held);
  Request& third = f.enter(Turn::held);
  f.scheduler.update(route({a}, 2));
  CHECK(first.phase() == Phase::placed);
  CHECK(second.phase() == Phase::placed);
  CHECK(third.phase() == Phase::held);
  f.scheduler.update(route({a}, 3));
  CHECK(third.phase() == Phase::placed);
}

TEST_CASE("gateway: only so many requests may wait") {
  Fixture f;
  auto wanted = route({});
  wanted.max_held = 2;
  f.scheduler.update(wanted);
  f.enter(Turn::held);
  f.enter(Turn::held);
  f.enter(Turn::full);
  CHECK(f.scheduler.held() == 2);
}

TEST_CASE("gateway: what waits for a release that lost its share is split anew") {
  Fixture f;
  f.scheduler.update(route({}));
  Request& waiting = f.enter(Turn::held);
  CHECK(waiting.release() == 1);
  f.scheduler.update({.split = {{.release = 2, .weight = 1}}, .upstreams = {c}});
  CHECK(waiting.release() == 2);
  CHECK(waiting.phase() == Phase::placed);
  CHECK(f.scheduler.held() == 0);
}

TEST_CASE("gateway: with nothing live, new requests and those that wait are refused") {
  Fixture f;
  f.enter(Turn::nothing_live);
  f.scheduler.update(route({}));
  Request& waiting = f.enter(Turn::held);
  f.scheduler.close();
  CHECK(waiting.phase() == Phase::refused);
  CHECK(waiting.turns == 1);
  CHECK(f.scheduler.held() == 0);
  f.enter(Turn::nothing_live);
}

TEST_CASE("gateway: an upstream that is taken out drains, and is reported once its last request has ended") {
  Fixture f;
  f.scheduler.update(route({a, b}, 8));
  Request& first = f.enter(Turn::placed);
  f.scheduler.update(route({b}, 8));
  CHECK(f.closed == std::vector<Upstream>{a});
  CHECK(f.drained.empty());
  CHECK(f.scheduler.in_flight(a) == 1);
  CHECK(f.enter(Turn::placed).replica().upstream == b);
  f.scheduler.leave(first);
  CHECK(f.drained == std::vector<Upstream>{a});
  CHECK_FALSE(f.scheduler.known(a));
}

TEST_CASE("gateway: an upstream that comes back while it drains keeps its requests") {
  Fixture f;
  f.scheduler.update(route({a}, 8));
  Request& first = f.enter(Turn::placed);
  f.scheduler.update(route({}, 8));
  f.scheduler.update(route({a}, 8));
  CHECK(f.scheduler.in_flight(a) == 1);
  f.scheduler.leave(first);
  CHECK(f.drained.empty());
}

TEST_CASE("gateway: a request moves away from a replica that cannot be reached, and so do the next") {
  Fixture f;
  f.scheduler.update(route({a, b}, 8));
  Request& first = f.enter(Turn::placed);
  CHECK(f.scheduler.move(first) == Turn::placed);
  CHECK(first.replica().upstream == b);
  CHECK(f.enter(Turn::placed).replica().upstream == b);
  CHECK(f.enter(Turn::placed).replica().upstream == b);
  f.clock.time += 2s;
  CHECK(f.enter(Turn::placed).replica().upstream == a);
}

TEST_CASE("gateway: a request whose replica cannot be reached is first in line when the others are full") {
  Fixture f;
  f.scheduler.update(route({a, b}));
  Request& first = f.enter(Turn::placed);
  Request& second = f.enter(Turn::placed);
  Request& third = f.enter(Turn::held);
  CHECK(f.scheduler.move(first) == Turn::held);
  f.scheduler.leave(second);
  CHECK(first.phase() == Phase::placed);
  CHECK(first.replica().upstream == b);
  CHECK(third.phase() == Phase::held);
}

TEST_CASE("gateway: the only replica of a release is nothing to move away from") {
  Fixture f;
  f.scheduler.update(route({a}));
  Request& first = f.enter(Turn::placed);
  CHECK(f.scheduler.move(first) == Turn::nothing_live);
  CHECK(first.phase() == Phase::placed);
  f.scheduler.leave(first);
  CHECK(f.enter(Turn::placed).replica().upstream == a);
}

TEST_CASE("gateway: the last request is now while one is open, and its end afterwards") {
  Fixture f;
  CHECK(f.scheduler.last_request(1) == 0s);
  f.scheduler.update(route({a}));
  Request& first = f.enter(Turn::placed);
  f.clock.time = 5s;
  CHECK(f.scheduler.last_request(1) == 5s);
  f.scheduler.leave(first);
  f.clock.time = 9s;
  CHECK(f.scheduler.last_request(1) == 5s);
}

TEST_CASE("gateway: counters are per release and start anew when they are taken") {
  Fixture f;
  f.scheduler.count(1, false, 3ms);
  f.scheduler.count(1, true, 5ms);
  f.scheduler.count(2, false, std::nullopt);
  const auto stats = f.scheduler.take_stats();
  REQUIRE(stats.size() == 2);
  CHECK(stats[0].release == 1);
  CHECK(stats[0].requests == 2);
  CHECK(stats[0].errors == 1);
  CHECK(histogram_quantile_ms(stats[0].histogram, 1) == doctest::Approx(5).epsilon(0.05));
  CHECK(stats[1].requests == 1);
  CHECK(histogram_quantile_ms(stats[1].histogram, 1) == 0);
  CHECK(f.scheduler.take_stats().empty());
}
