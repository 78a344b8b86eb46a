#include "tests/unit/gateway/world.hpp"

using namespace mdl::local;
using namespace mdl::local::testing;
using namespace std::chrono_literals;

TEST_CASE("gateway: traffic is split exactly by weight, one choice a request") {
  World world;
  const auto seven = world.serve(answering(ok("7")));
  const auto eight = world.serve(answering(ok("8")));
  Route route;
  route.split = {{.release = 7, .weight = 0.9}, {.release = 8, .weight = 0.1}};
  route.upstreams = {{.release = 7, .replica = 1, .port = seven->port()},
                     {.release = 8, .replica = 1, .port = eight->port()}};
  world.update(route);
  const auto client = world.connect();
  int eights = 0;
  for (int i = 0; i < 100; ++i) {
    client->received.clear();
    client->send(get());
    REQUIRE(world.until([&] { return !body_of(client->received).empty(); }));
    const bool is_eight = body_of(client->received) == "8";
    CHECK(contains(client->received, is_eight ? "mdl-release: 8\r\n" : "mdl-release: 7\r\n"));
    eights += is_eight ? 1 : 0;
  }
  CHECK(eights == 10);
  route.split = {{.release = 8, .weight = 1}};
  world.update(route);
  client->received.clear();
  client->send(get());
  REQUIRE(world.until([&] { return !body_of(client->received).empty(); }));
  CHECK(body_of(client->received) == "8");
}

TEST_CASE("gateway: a request waits for a replica, asks for one, and goes to it at once when it appears") {
  World world;
  const auto server = world.serve(answering(ok("woken")));
  world.update(world.route_to({}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until([&] { return !world.demanded.empty(); }));
  CHECK(world.demanded == std::vector<int>{1});
  CHECK(world.gateway->held("s") == 1);
  CHECK(world.gateway->held("s", 1) == 1);
  CHECK(world.gateway->in_flight("s", 1) == 0);
  world.update(world.route_to({server}));
  CHECK(world.gateway->held("s") == 0);
  REQUIRE(world.until_received(client, "woken"));
}

TEST_CASE("gateway: a replica gets no more requests at once than its concurrency") {
  World world;
  const auto server = world.serve([](Peer&) {});
  auto route = world.route_to({server});
  route.concurrency = 2;
  world.update(route);
  std::vector<std::shared_ptr<Peer>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(world.connect());
    clients.back()->send(get("/" + std::to_string(i)));
    REQUIRE(
        world.until([&] { return world.gateway->in_flight("s", 1) + world.gateway->held("s") == i + 1; }));
  }
  REQUIRE(world.until(
      [&] { return server->connections.size() == 2 && !server->connections[1]->received.empty(); }));
  CHECK(world.gateway->held("s") == 2);
  server->connections[0]->received.clear();
  server->connections[0]->send(ok("first"));
  REQUIRE(world.until_received(clients[0], "first"));
  REQUIRE(world.until([&] { return contains(server->connections[0]->received, "GET /2 "); }));
  CHECK(world.gateway->held("s") == 1);
}

TEST_CASE("gateway: more requests than may wait get 503 with Retry-After, and no live release does too") {
  World world;
  auto route = world.route_to({});
  route.max_held = 1;
  world.update(route);
  const auto waiting = world.connect();
  waiting->send(get());
  REQUIRE(world.until([&] { return world.gateway->held("s") == 1; }));
  const auto refused = world.ask(get());
  CHECK(has_status(refused, 503));
  CHECK(contains(refused, "Retry-After: 1\r\n"));
  CHECK(contains(refused, "Content-Type: application/json\r\n"));
  CHECK(contains(refused, R"("code":"busy")"));
  world.update({});
  REQUIRE(world.until_received(waiting, R"("code":"nothing-live")"));
  CHECK(contains(world.ask(get()), R"({"error":"no release is live","code":"nothing-live"})"));
}

TEST_CASE("gateway: past the timeout the answer is 504 and says where the time went") {
  World world;
  const auto server = world.serve([](Peer&) {});
  auto route = world.route_to({server});
  route.timeout = 20ms;
  world.update(route);
  const auto response = world.ask(get());
  CHECK(has_status(response, 504));
  CHECK(contains(response, "mdl-release: 1\r\n"));
  CHECK(contains(body_of(response), "release 1 did not answer within 0.02 s"));
  CHECK(contains(body_of(response), R"("code":"timeout")"));
  CHECK(contains(body_of(response), R"("waited_ms":0)"));
  CHECK(contains(body_of(response), R"("ran_ms":)"));
  CHECK(world.until([&] { return !server->connections.empty() && server->connections[0]->closed; }));
  route.upstreams = {};
  world.update(route);
  const auto held = world.ask(get());
  CHECK(has_status(held, 504));
  CHECK(contains(body_of(held), "no replica of release 1 was free within 0.02 s"));
  CHECK(world.gateway->held("s") == 0);
  const auto stats = world.gateway->take_stats("s");
  REQUIRE(stats.size() == 1);
  CHECK(stats[0].errors == 2);
}

TEST_CASE("gateway: a replica that refuses is reported, and another gets the request with its body") {
  World world;
  std::string seen;
  const auto server = world.serve(answering([&](const std::string& request) {
    seen = request;
    return ok("other");
  }));
  auto route = world.route_to({server});
  const Upstream dead{.release = 1, .replica = 9, .port = free_port()};
  route.upstreams.insert(route.upstreams.begin(), dead);
  world.update(route);
  const auto response = world.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
  CHECK(has_status(response, 200));
  CHECK(seen.ends_with("body"));
  CHECK(world.unreachable == std::vector<Upstream>{dead});
}

TEST_CASE("gateway: while no replica can be reached a request is held, and goes to the one that comes back") {
  World world;
  const auto server = world.serve(answering(
      [](const std::string& request) { return ok(request.ends_with("body") ? "whole" : "partly"); }));
  const auto port = server->port();
  server->stop();
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
  REQUIRE(world.until([&] { return !world.unreachable.empty(); }));
  REQUIRE(world.until([&] { return world.gateway->held("s", 1) == 1; }));
  CHECK(world.gateway->in_flight("s", 1) == 0);
  const auto again = world.serve(server->behaviour, port);
  REQUIRE(world.until_received(client, "whole"));
  CHECK(again->connections.size() == 1);
  CHECK(world.unreachable.size() == 1);
  CHECK(world.gateway->held("s", 1) == 0);
}

TEST_CASE("gateway: when no replica can be reached for too long the answer is 503 with Retry-After") {
  World world;
  auto route = world.route_to({});
  route.upstreams = {{.release = 1, .replica = 1, .port = free_port()}};
  world.update(route);
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until([&] { return !world.unreachable.empty(); }));
  world.clock.time += 5s;
  REQUIRE(world.until_received(client, "}\n"));
  CHECK(has_status(client->received, 503));
  CHECK(contains(client->received, "Retry-After: 1\r\n"));
  CHECK(body_of(client->received) ==
        "{\"error\":\"no replica of release 1 could be reached within 5 s\",\"code\":\"unreachable\","
        "\"release\":1}\n");
  CHECK(world.gateway->in_flight("s", 1) == 0);
  CHECK(world.gateway->held("s", 1) == 0);
}

TEST_CASE("gateway: a client that leaves while replicas refuse gives its place up") {
  World world;
  auto route = world.route_to({});
  route.upstreams = {{.release = 1, .replica = 1, .port = free_port()}};
  world.update(route);
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until([&] { return !world.unreachable.empty(); }));
  client->close();
  CHECK(world.until([&] { return world.gateway->held("s") == 0 && world.gateway->in_flight("s", 1) == 0; }));
}

TEST_CASE("gateway: the timeout holds for a request that all replicas refuse") {
  World world;
  auto route = world.route_to({});
  route.upstreams = {{.release = 1, .replica = 1, .port = free_port()}};
  route.timeout = 30ms;
  world.update(route);
  const auto response = world.ask(get());
  CHECK(has_status(response, 504));
  CHECK(contains(response, "no replica of release 1 was free within 0.03 s"));
}

TEST_CASE("gateway: a request of another client is not behind all those of one that floods") {
  World world;
  std::vector<std::string> order;
  const auto server = world.serve(answering([&](const std::string& request) {
    order.push_back(request.substr(4, request.find(' ', 4) - 4));
    return ok("done");
  }));
  auto route = world.route_to({});
  route.concurrency = 1;
  world.update(route);
  std::vector<std::shared_ptr<Peer>> clients;
  const auto ask = [&](const std::string& target, const std::string& forwarded) {
    clients.push_back(world.connect());
    clients.back()->send(get(target, "X-Forwarded-For: " + forwarded + "\r\n"));
    const auto waiting = static_cast<int>(clients.size());
    REQUIRE(world.until([&] { return world.gateway->held("s") == waiting; }));
  };
  // What the proxy in front adds counts, not what its client says.
  for (int i = 0; i < 20; ++i) ask("/flood", std::to_string(i) + ".0.0.1, 10.0.0.1");
  ask("/single", "10.0.0.2");
  route.upstreams = {{.release = 1, .replica = 1, .port = server->port()}};
  world.update(route);
  for (const auto& client : clients) REQUIRE(world.until_received(client, "done"));
  REQUIRE(order.size() == 21);
  CHECK(order[0] == "/flood");
  CHECK(order[1] == "/single");
}

TEST_CASE(
    "gateway: a kept connection that the replica closes instead of answering is tried anew, if the request "
    "may be repeated") {
  World world;
  int requests = 0;
  const auto server = world.serve([&](Peer& peer) {
    if (!contains(peer.received, "\r\n\r\n")) return;
    peer.received.clear();
    if (++requests == 2) {
      peer.close();
    } else {
      peer.send(ok("answer " + std::to_string(requests)));
    }
  });
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until_received(client, "answer 1"));
  SUBCASE("GET") {
    client->send(get());
    REQUIRE(world.until_received(client, "answer 3"));
    CHECK(server->connections.size() == 2);
  }
  SUBCASE("POST") {
    client->received.clear();
    client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(world.until_received(client, "bad-gateway"));
    CHECK(has_status(client->received, 502));
    CHECK(requests == 2);
  }
}

TEST_CASE("gateway: the second try of a request goes out on a fresh connection") {
  World world;
  const auto server = world.serve([](Peer&) {});
  world.update(world.route_to({server}));
  const auto answer_each = [&](Peer& peer) {
    if (peer.received.empty()) return;
    peer.received.clear();
    peer.send(ok("x"));
  };
  std::vector<std::shared_ptr<Peer>> clients{world.connect(), world.connect()};
  for (const auto& client : clients) client->send(get());
  REQUIRE(world.until(
      [&] { return server->connections.size() == 2 && !server->connections[1]->received.empty(); }));
  for (const auto& connection : server->connections) answer_each(*connection);
  for (const auto& client : clients) REQUIRE(world.until_received(client, "\r\n\r\nx"));
  // Both kept connections end with their next request.
  server->behaviour = [&](Peer& peer) {
    if (&peer == server->connections[0].get() || &peer == server->connections[1].get()) {
      peer.close();
    } else {
      answer_each(peer);
    }
  };
  CHECK(has_status(world.ask(get()), 200));
  CHECK(server->connections.size() == 3);
}

TEST_CASE("gateway: a POST does not go out on a connection that the replica has closed already") {
  World world;
  const auto server = world.serve(answering(ok("fine")));
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until_received(client, "fine"));
  server->connections[0]->close();
  client->received.clear();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  REQUIRE(world.until_received(client, "fine"));
  CHECK(server->connections.size() == 2);
}

TEST_CASE("gateway: a replica that closes a new connection without an answer gives 502, once") {
  World world;
  int requests = 0;
  const auto server = world.serve([&](Peer& peer) {
    ++requests;
    peer.close();
  });
  world.update(world.route_to({server}));
  const auto response = world.ask(get());
  CHECK(has_status(response, 502));
  CHECK(requests == 1);
}

TEST_CASE("gateway: a GET whose replica closes a new connection goes to another one, a POST does not") {
  for (const bool post : {false, true}) {
    World world;
    int dying = 0, asked = 0;
    const auto first = world.serve([&](Peer& peer) {
      ++dying;
      peer.close();
    });
    const auto second = world.serve([&](Peer& peer) {
      ++asked;
      peer.send(ok("fine"));
    });
    world.update(world.route_to({first, second}));
    const auto response =
        world.ask(post ? "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx" : get());
    if (dying == 0) continue;  // the other one was first
    CHECK(has_status(response, post ? 502 : 200));
    CHECK(dying == 1);
    CHECK(asked == (post ? 0 : 1));
  }
}

TEST_CASE("gateway: a broken response gives 502") {
  for (const auto* broken : {"SSH-2.0-OpenSSH\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                             "HTTP/1.1 101 Switching Protocols\r\n\r\n",
                             "HTTP/1.1 024 No Content\r\nContent-Length: 0\r\n\r\n"}) {
    World world;
    const auto server = world.serve(answering(std::string(broken)));
    world.update(world.route_to({server}));
    const auto response = world.ask(get());
    CHECK_MESSAGE(has_status(response, 502), broken);
  }
}

TEST_CASE("gateway: a response header over the limit gives 502") {
  World world;
  const auto server =
      world.serve(answering("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n"));
  world.update(world.route_to({server}));
  CHECK(has_status(world.ask(get()), 502));
}

TEST_CASE("gateway: when the client leaves, its request is taken from the replica and its slot is free") {
  World world;
  const auto server = world.serve([](Peer&) {});
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(
      world.until([&] { return !server->connections.empty() && !server->connections[0]->received.empty(); }));
  CHECK(world.gateway->in_flight("s", 1) == 1);
  SUBCASE("closing") { client->close(); }
  SUBCASE("resetting") { client->reset(); }
  CHECK(world.until([&] { return server->connections[0]->closed; }));
  CHECK(world.until([&] { return world.gateway->in_flight("s", 1) == 0; }));
  const auto stats = world.gateway->take_stats("s");
  REQUIRE(stats.size() == 1);
  CHECK(stats[0].requests == 1);
  CHECK(stats[0].errors == 0);
  CHECK(histogram_quantile_ms(stats[0].histogram, 1) == 0);
}

TEST_CASE("gateway: when the client leaves in the middle of a stream or of its upload, the replica is told") {
  World world;
  const auto server = world.serve([](Peer& peer) {
    if (contains(peer.received, "GET")) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst");
  });
  world.update(world.route_to({server}));
  const auto client = world.connect();
  SUBCASE("stream") {
    client->send(get());
    REQUIRE(world.until_received(client, "first"));
  }
  SUBCASE("upload") {
    client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
    REQUIRE(world.until(
        [&] { return !server->connections.empty() && server->connections[0]->received.ends_with("half"); }));
  }
  client->close();
  CHECK(world.until([&] { return server->connections[0]->closed; }));
  CHECK(world.until([&] { return world.gateway->in_flight("s", 1) == 0; }));
}

TEST_CASE("gateway: a client that leaves is noticed although it had sent its next request already") {
  World world;
  const auto server = world.serve([](Peer&) {});
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until([&] { return world.gateway->in_flight("s", 1) == 1; }));
  client->send(get("/next"));
  world.settle();
  client->close();
  CHECK(world.until([&] { return world.gateway->in_flight("s", 1) == 0; }));
  world.settle();
  REQUIRE(server->connections.size() == 1);
  CHECK_FALSE(contains(server->connections[0]->received, "/next"));
}

TEST_CASE("gateway: a client that leaves while it waits gives its place up") {
  World world;
  world.update(world.route_to({}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until([&] { return world.gateway->held("s") == 1; }));
  client->close();
  CHECK(world.until([&] { return world.gateway->held("s") == 0; }));
}

TEST_CASE("gateway: requests, errors and times are counted per release") {
  World world;
  const auto server = world.serve(answering([&](const std::string& request) {
    world.clock.time += 40ms;
    return contains(request, "/bad") ? std::string("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
                                     : ok("x");
  }));
  world.update(world.route_to({server}));
  world.ask(get());
  world.ask(get("/bad"));
  world.settle();
  CHECK(world.gateway->last_request("s", 1) == world.clock.time);
  const auto stats = world.gateway->take_stats("s");
  REQUIRE(stats.size() == 1);
  CHECK(stats[0].release == 1);
  CHECK(stats[0].requests == 2);
  CHECK(stats[0].errors == 1);
  CHECK(histogram_quantile_ms(stats[0].histogram, 1) == doctest::Approx(40).epsilon(0.05));
  CHECK(world.gateway->take_stats("s").empty());
}
