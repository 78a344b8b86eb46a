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
  explicit Request(std::string from) : from_(std::move(from)) {}
  void on_turn() override { ++turns; }
  std::string client() const override { return from_; }
  int turns = 0;

 private:
  std::string from_;
};

struct Fixture {
  FixedClock clock;
  std::vector<int> demanded;
  std::vector<Upstream> closed, drained, unreachable;
  Scheduler scheduler{{.demand = [this](int release) { demanded.push_back(release); },
                       .closed = [this](const Upstream& upstream) { closed.push_back(upstream); },
                       .drained = [this](const Upstream& upstream) { drained.push_back(upstream); },
                       .unreachable = [this](const Upstream& upstream) { unreachable.push_back(upstream); }},
                      clock};
  std::list<Request> requests;

  Request& enter(Scheduler::Turn expected, const std::string& client = "") {
    requests.emplace_back(client);
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

TEST_CASE("gateway: what the only replica refused waits, first in line, and is retried there") {
  Fixture f;
  f.scheduler.update(route({a}, 2));
  Request& first = f.enter(Turn::placed);
  Request& second = f.enter(Turn::placed);
  Request& third = f.enter(Turn::held);
  CHECK(f.scheduler.refused(first) == Turn::held);
  CHECK(f.scheduler.refused(second) == Turn::held);
  CHECK(f.scheduler.in_flight(1) == 0);
  CHECK(f.scheduler.held() == 3);
  CHECK(f.scheduler.refused_since(1) == 1s);
  f.scheduler.retry(first);
  CHECK(first.phase() == Phase::placed);
  CHECK(first.turns == 0);
  CHECK(third.phase() == Phase::held);
  f.scheduler.reached(first);
  CHECK(second.phase() == Phase::placed);
  CHECK(third.phase() == Phase::held);
  CHECK(f.scheduler.refused_since(1) == 0s);
}

TEST_CASE("gateway: a refused request goes to a replica that did not refuse, and waits when all did") {
  Fixture f;
  f.scheduler.update(route({a, b}, 8));
  Request& first = f.enter(Turn::placed);
  CHECK(f.scheduler.refused(first) == Turn::placed);
  CHECK(first.replica().upstream == b);
  CHECK(f.scheduler.refused(first) == Turn::held);
  f.scheduler.retry(first);
  CHECK(f.scheduler.refused(first) == Turn::held);
  CHECK(f.unreachable == std::vector<Upstream>{a, b});
  f.clock.time += 2s;
  f.scheduler.retry(first);
  CHECK(f.scheduler.refused(first) == Turn::placed);
  CHECK(f.unreachable.size() == 3);
}

TEST_CASE("gateway: refused requests count among those that may wait") {
  Fixture f;
  auto wanted = route({a}, 2);
  wanted.max_held = 1;
  f.scheduler.update(wanted);
  Request& first = f.enter(Turn::placed);
  Request& second = f.enter(Turn::placed);
  CHECK(f.scheduler.refused(first) == Turn::held);
  CHECK(f.scheduler.refused(second) == Turn::full);
  CHECK(second.phase() == Phase::outside);
  CHECK(f.scheduler.in_flight(1) == 0);
}

TEST_CASE("gateway: when a refused request gives up, those behind it are tried") {
  Fixture f;
  f.scheduler.update(route({a}));
  Request& first = f.enter(Turn::placed);
  Request& second = f.enter(Turn::held);
  CHECK(f.scheduler.refused(first) == Turn::held);
  f.scheduler.leave(first);
  CHECK(second.phase() == Phase::placed);
}

TEST_CASE("gateway: clients take turns in the queue, however many requests one of them has there") {
  Fixture f;
  f.scheduler.update(route({a}));
  Request* running = &f.enter(Turn::placed, "flood");
  std::vector<Request*> flood;
  for (int i = 0; i < 100; ++i) flood.push_back(&f.enter(Turn::held, "flood"));
  Request& single = f.enter(Turn::held, "single");
  Request& other = f.enter(Turn::held, "other");
  f.scheduler.leave(*running);
  CHECK(flood[0]->phase() == Phase::placed);
  f.scheduler.leave(*flood[0]);
  CHECK(single.phase() == Phase::placed);
  f.scheduler.leave(single);
  CHECK(other.phase() == Phase::placed);
  f.scheduler.leave(other);
  CHECK(flood[1]->phase() == Phase::placed);
  CHECK(flood[2]->phase() == Phase::held);
  CHECK(f.scheduler.held() == 98);
}

TEST_CASE("gateway: a client that gives up waiting loses its turn, and no other does") {
  Fixture f;
  f.scheduler.update(route({a}));
  Request& running = f.enter(Turn::placed, "x");
  Request& one = f.enter(Turn::held, "x");
  Request& two = f.enter(Turn::held, "y");
  Request& three = f.enter(Turn::held, "z");
  f.scheduler.leave(two);
  f.scheduler.leave(running);
  CHECK(one.phase() == Phase::placed);
  f.scheduler.leave(one);
  CHECK(three.phase() == Phase::placed);
  CHECK(f.scheduler.held() == 0);
}

TEST_CASE("gateway: in a full queue the client that has most gives its newest up for one that has few") {
  Fixture f;
  auto wanted = route({});
  wanted.max_held = 3;
  f.scheduler.update(wanted);
  Request& oldest = f.enter(Turn::held, "flood");
  f.enter(Turn::held, "flood");
  Request& newest = f.enter(Turn::held, "flood");
  f.enter(Turn::full, "flood");
  f.enter(Turn::held, "single");
  CHECK(newest.phase() == Phase::refused);
  CHECK(newest.turns == 1);
  CHECK(oldest.phase() == Phase::held);
  f.enter(Turn::full, "single");  // two and one: as even as can be
  CHECK(f.scheduler.held() == 3);
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
