#include <algorithm>

#include "tests/unit/gateway/world.hpp"

using namespace mdl::local;
using namespace mdl::local::testing;
using namespace std::chrono_literals;

namespace {

// A world whose gateway has a successor: each has a replica of its own, so that answers tell who gave them.
struct Restarted {
  World world;
  std::shared_ptr<Server> before, after;
  Route old_route, new_route;
  std::unique_ptr<Gateway> successor;

  explicit Restarted(Server::Behaviour old_behaviour = answering(ok("old")))
      : before(world.serve(std::move(old_behaviour))),
        after(world.serve(answering(ok("new")))),
        old_route(world.route_to({before})),
        new_route(world.route_to({after})) {
    world.update(old_route);
  }
  void restart() {
    successor = world.succeed();
    successor->update("s", new_route);
  }
  bool gone() {
    return world.until([&] { return world.gateway->connections() == 0; });
  }
};

}  // namespace

TEST_CASE("gateway: a restart keeps the listener, and new clients reach the successor") {
  Restarted r;
  CHECK(body_of(r.world.ask(get())) == "old");
  r.restart();
  CHECK(body_of(r.world.ask(get())) == "new");
  CHECK(r.gone());
}

TEST_CASE("gateway: a client that was accepted at the moment of a restart is served by the successor") {
  Restarted r;
  const auto client = r.world.connect();
  client->send(get());
  r.restart();
  REQUIRE(r.world.until_received(client, "\r\n\r\n"));
  CHECK(has_status(client->received, 200));
  CHECK(r.gone());
}

TEST_CASE("gateway: a kept connection outlives a restart, idle or in the middle of a header") {
  Restarted r;
  const auto idle = r.world.connect(), half = r.world.connect();
  for (const auto& client : {idle, half}) client->send(get());
  for (const auto& client : {idle, half}) REQUIRE(r.world.until_received(client, "old"));
  half->send("GET / HTTP/1.1\r\nHo");
  r.world.settle();
  r.restart();
  CHECK(r.gone());
  half->send("st: a\r\n\r\n");
  idle->send(get());
  for (const auto& client : {idle, half}) {
    CHECK(r.world.until_received(client, "new"));
    CHECK_FALSE(client->closed);
  }
}

TEST_CASE("gateway: a request under way at a restart ends where it is, and its connection goes on") {
  Restarted r([](Peer&) {});
  const auto client = r.world.connect();
  client->send(get("/first") + get("/pipelined"));
  REQUIRE(r.world.until([&] { return r.world.gateway->in_flight("s", 1) == 1; }));
  r.restart();
  r.world.settle();
  CHECK(r.world.gateway->connections() == 1);
  REQUIRE(r.world.until([&] { return !r.before->connections.empty(); }));
  r.before->connections[0]->send(ok("old"));
  CHECK(r.world.until_received(client, "new"));  // the pipelined one
  CHECK(client->received.find("old") < client->received.find("new"));
  CHECK(r.gone());
  CHECK_FALSE(contains(r.before->connections[0]->received, "pipelined"));
  client->send(get("/third"));
  CHECK(r.world.until([&] { return client->received.find("new") != client->received.rfind("new"); }));
}

TEST_CASE("gateway: streams and WebSockets outlive a restart") {
  const std::string head = "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  Restarted r(answering(head));
  const auto client = r.world.connect();
  client->send(get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  REQUIRE(r.world.until_received(client, "101"));
  r.restart();
  r.world.settle();
  client->send("to the replica");
  REQUIRE(r.world.until([&] { return contains(r.before->connections[0]->received, "to the replica"); }));
  r.before->connections[0]->send("to the client");
  CHECK(r.world.until_received(client, "to the client"));
  CHECK(r.world.gateway->connections() == 1);
  r.before->connections[0]->close();
  CHECK(r.gone());
}

TEST_CASE("gateway: a request that waits at a restart goes to the replica that the successor finds") {
  Restarted r;
  r.world.update({.split = r.old_route.split});
  const auto client = r.world.connect();
  client->send(get());
  REQUIRE(r.world.until([&] { return r.world.gateway->held("s") == 1; }));
  r.restart();
  CHECK(r.world.gateway->take_load()[0].held == std::vector<std::pair<int, int>>{{1, 1}});
  r.world.update(r.new_route);
  CHECK(r.world.until_received(client, "new"));
  CHECK(r.gone());
}

TEST_CASE("gateway: what another process has under way takes its share of a replica's concurrency") {
  World world;
  const auto server = world.serve(answering(ok("x")));
  auto route = world.route_to({server});
  route.concurrency = 2;
  world.update(route);
  const GatewayLoad load{.key = "s", .in_flight = {{route.upstreams[0], 2}}, .held = {{1, 3}}, .stats = {}};
  world.gateway->set_elsewhere(7, {load});
  CHECK(world.gateway->in_flight("s", 1) == 2);
  CHECK(world.gateway->held("s") == 3);
  CHECK(world.gateway->last_request("s", 1) == world.clock.elapsed());
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until([&] { return world.gateway->held("s") == 4; }));
  world.gateway->set_elsewhere(
      7, {{.key = "s", .in_flight = {{route.upstreams[0], 1}}, .held = {}, .stats = {}}});
  CHECK(world.until_received(client, "x"));
  world.gateway->set_elsewhere(7, {});
  CHECK(world.gateway->in_flight("s", 1) == 0);
}

TEST_CASE("gateway: a replica is drained once the other process has nothing under way there either") {
  World world;
  const auto server = world.serve(answering(ok("x")));
  const auto route = world.route_to({server});
  const Upstream gone{.release = 1, .replica = 9, .port = 9}, foreign{.release = 1, .replica = 1, .port = 8};
  world.update(route);
  const auto loads = [&](const std::vector<std::pair<Upstream, int>>& in_flight) {
    return std::vector<GatewayLoad>{{.key = "s", .in_flight = in_flight, .held = {}, .stats = {}},
                                    {.key = "removed", .in_flight = in_flight, .held = {}, .stats = {}}};
  };
  world.gateway->set_elsewhere(7, loads({{route.upstreams[0], 1}, {gone, 1}, {foreign, 1}}));
  world.update(world.route_to({}));
  world.settle();
  CHECK(world.drained.empty());
  CHECK(world.gateway->in_flight("removed", gone) == 1);
  world.gateway->set_elsewhere(7, loads({{foreign, 1}}));
  world.settle();
  // Of the service that is not known here, both; of the other one too.
  CHECK(world.drained.size() == 4);
  CHECK(std::ranges::count(world.drained, gone) == 2);
  world.gateway->set_elsewhere(7, {});
  world.settle();
  CHECK(std::ranges::count(world.drained, foreign) == 2);
}

TEST_CASE("gateway: requests that ended elsewhere are counted") {
  World world;
  GatewayStats stats{.release = 1, .requests = 3, .errors = 1, .histogram = {0, 3}};
  world.gateway->set_elsewhere(7, {{.key = "s", .in_flight = {}, .held = {}, .stats = {stats}}});
  const auto counted = world.gateway->take_stats("s");
  REQUIRE(counted.size() == 1);
  CHECK(counted[0].requests == 3);
  CHECK(counted[0].errors == 1);
  CHECK(counted[0].histogram[1] == 3);
}
