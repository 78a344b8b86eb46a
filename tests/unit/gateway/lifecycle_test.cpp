#include <filesystem>
#include <sys/resource.h>

#include "tests/unit/gateway/world.hpp"

using namespace mdl::local;
using namespace mdl::local::testing;
using namespace std::chrono_literals;

TEST_CASE("gateway: a taken port is an error, and zero finds a free one") {
  World world;
  CHECK(world.port >= 28400);
  const auto taken = world.gateway->listen("other", world.port);
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().code == "port-taken");
  const auto free = world.gateway->listen("other", 0);
  REQUIRE(free.has_value());
  CHECK(*free > world.port);
  CHECK(world.gateway->listen("other", 0).value() == *free);
}

TEST_CASE("gateway: a service can move to another port") {
  World world;
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  const auto before = world.port;
  world.port = world.gateway->listen("s", free_port()).value();
  CHECK(world.port != before);
  CHECK(has_status(world.ask(get()), 200));
}

TEST_CASE(
    "gateway: a request under way ends on a replica that was taken out, which is then reported as drained") {
  World world;
  const auto old_server = world.serve([](Peer&) {});
  const auto new_server = world.serve(answering(ok("new")));
  const auto route = world.route_to({old_server});
  world.update(route);
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until(
      [&] { return !old_server->connections.empty() && !old_server->connections[0]->received.empty(); }));
  world.update(world.route_to({new_server}));
  CHECK(body_of(world.ask(get())) == "new");
  CHECK(world.drained.empty());
  CHECK(world.gateway->in_flight("s", route.upstreams[0]) == 1);
  old_server->connections[0]->send(ok("old"));
  REQUIRE(world.until_received(client, "old"));
  REQUIRE(world.until([&] { return !world.drained.empty(); }));
  CHECK(world.drained == std::vector<Upstream>{route.upstreams[0]});
  CHECK(world.until([&] { return old_server->connections[0]->closed; }));
}

TEST_CASE("gateway: an idle replica that is taken out loses its kept connections and is drained at once") {
  World world({.upstream_idle = std::chrono::hours(1)});
  const auto server = world.serve(answering(ok("x")));
  const auto route = world.route_to({server});
  world.update(route);
  world.ask(get());
  CHECK_FALSE(server->connections[0]->closed);
  world.update(world.route_to({}));
  CHECK(world.drained.empty());  // never from inside update
  CHECK(world.until([&] { return server->connections[0]->closed; }));
  CHECK(world.until([&] { return world.drained == std::vector<Upstream>{route.upstreams[0]}; }));
}

TEST_CASE("gateway: an upstream that comes back before it was reported as drained is not reported") {
  World world;
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  world.update(world.route_to({}));
  world.update(world.route_to({server}));
  world.settle();
  CHECK(world.drained.empty());
}

TEST_CASE("gateway: kept connections to replicas are closed after a while") {
  World world({.upstream_idle = 20ms});
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  world.ask(get());
  CHECK(world.until([&] { return server->connections[0]->closed; }));
}

TEST_CASE("gateway: removing a service refuses what waits, lets what is under way end, and closes the rest") {
  World world;
  const auto server = world.serve([](Peer&) {});
  auto route = world.route_to({server});
  route.concurrency = 1;
  world.update(route);
  const auto busy = world.connect();
  busy->send(get());
  REQUIRE(world.until([&] { return world.gateway->in_flight("s", 1) == 1; }));
  const auto waiting = world.connect();
  waiting->send(get());
  REQUIRE(world.until([&] { return world.gateway->held("s") == 1; }));
  const auto idle = world.connect();
  world.settle();
  world.gateway->remove("s");
  CHECK(world.until_received(waiting, "nothing-live"));
  CHECK(has_status(waiting->received, 503));
  CHECK(world.until([&] { return idle->closed; }));
  CHECK(
      world.until([&] { return !server->connections.empty() && !server->connections[0]->received.empty(); }));
  server->connections[0]->send(ok("to the end"));
  CHECK(world.until_received(busy, "to the end"));
  CHECK(contains(busy->received, "Connection: close\r\n"));
  CHECK(world.until([&] { return busy->closed; }));
  CHECK(world.until([&] { return world.drained == std::vector<Upstream>{route.upstreams[0]}; }));
  CHECK(world.gateway->held("s") == 0);
  CHECK(world.gateway->listen("s", world.port).has_value());
}

TEST_CASE("gateway: destroying the gateway cuts what is under way, whatever it is doing") {
  World world;
  const auto silent = world.serve([](Peer&) {});
  const auto stream =
      world.serve([](Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst"); });
  const auto tunnel = world.serve([](Peer& peer) {
    peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
  });
  std::vector<std::shared_ptr<Peer>> clients;
  const auto begin = [&](const std::string& request, const std::vector<std::shared_ptr<Server>>& servers,
                         const std::function<bool()>& condition) {
    world.update(world.route_to(servers));
    clients.push_back(world.connect());
    clients.back()->send(request);
    REQUIRE(world.until(condition));
  };
  begin("GET /half", {}, [] { return true; });
  begin(get(), {silent},
        [&] { return !silent->connections.empty() && !silent->connections[0]->received.empty(); });
  begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf", {silent},
        [&] { return silent->connections.size() == 2 && !silent->connections[1]->received.empty(); });
  begin(get(), {stream}, [&] { return contains(clients.back()->received, "first"); });
  begin(get("/", "Connection: Upgrade\r\nUpgrade: x\r\n"), {tunnel},
        [&] { return contains(clients.back()->received, "101"); });
  begin(get(), {}, [&] { return world.gateway->held("s") == 1; });
  world.gateway.reset();
  SUBCASE("and the loop goes on") {
    for (const auto& client : clients) CHECK(world.until([&] { return client->closed; }));
    CHECK(world.until([&] { return silent->connections[0]->closed && silent->connections[1]->closed; }));
  }
  SUBCASE("and the loop ends too") {}
}

TEST_CASE("gateway: at the limit of connections the next client waits until one leaves") {
  World world({.accept_pause = std::chrono::hours(1), .max_connections = 1});
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  const auto first = world.connect();
  first->send(get());
  REQUIRE(world.until_received(first, "\r\n\r\nx"));
  const auto second = world.connect();
  second->send(get());
  world.settle();
  CHECK(second->received.empty());
  first->close();
  CHECK(world.until_received(second, "\r\n\r\nx"));
}

TEST_CASE("gateway: without file descriptors it waits, and serves again when there are some") {
  World world({.accept_pause = 5ms});
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const auto client = world.connect();
  client->send(get());
  int highest = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    highest = std::max(highest, std::stoi(entry.path().filename().string()));
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(3);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  bool answered = false;
  for (int i = 0; i < 200 && !answered; ++i) {
    world.settle();
    answered = !client->received.empty();
  }
  CHECK_FALSE(answered);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(world.until_received(client, "\r\n\r\nx"));
}
