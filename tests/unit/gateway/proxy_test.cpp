#include "tests/unit/gateway/world.hpp"

using namespace mdl::local;
using namespace mdl::local::testing;

TEST_CASE("gateway: a request reaches the replica and its answer the client, with the release named") {
  World world;
  std::string seen;
  const auto server = world.serve(answering([&](const std::string& request) {
    seen = request;
    return ok("fine");
  }));
  world.update(world.route_to({server}));
  const auto response = world.ask(
      "POST /predict?x=1 HTTP/1.1\r\nHost: my.host\r\nContent-Length: 5\r\nX-Custom: "
      "kept\r\nX-Forwarded-For: 10.0.0.9\r\n"
      "Connection: X-Hop, keep-alive\r\nX-Hop: gone\r\nKeep-Alive: 5\r\nTE: trailers\r\n\r\nhello");
  CHECK(has_status(response, 200));
  CHECK(body_of(response) == "fine");
  CHECK(contains(response, "mdl-release: 1\r\n"));
  CHECK(seen.starts_with("POST /predict?x=1 HTTP/1.1\r\n"));
  CHECK(seen.ends_with("\r\n\r\nhello"));
  CHECK(contains(seen, "\r\nHost: my.host\r\n"));
  CHECK(contains(seen, "\r\nX-Custom: kept\r\n"));
  CHECK(contains(seen, "\r\nX-Forwarded-For: 10.0.0.9, 127.0.0.1\r\n"));
  CHECK(contains(seen, "\r\nX-Forwarded-Proto: http\r\n"));
  CHECK(contains(seen, "\r\nX-Forwarded-Host: my.host\r\n"));
  CHECK_FALSE(contains(seen, "X-Hop"));
  CHECK_FALSE(contains(seen, "Keep-Alive"));
  CHECK_FALSE(contains(seen, "Connection"));
  CHECK_FALSE(contains(seen, "TE:"));
}

TEST_CASE("gateway: Connection cannot name away what the message rests on") {
  World world;
  std::string seen;
  const auto server = world.serve(answering([&](const std::string& request) {
    seen = request;
    return ok("");
  }));
  world.update(world.route_to({server}));
  world.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: host, content-length\r\n\r\nx");
  CHECK(contains(seen, "Host: a\r\n"));
  CHECK(contains(seen, "Content-Length: 1\r\n"));
}

TEST_CASE("gateway: a missing or empty Host becomes the gateway's own address") {
  World world;
  std::string seen;
  const auto server = world.serve(answering([&](const std::string& request) {
    seen = request;
    return ok("");
  }));
  world.update(world.route_to({server}));
  const auto own = "Host: 127.0.0.1:" + std::to_string(world.port) + "\r\n";
  for (const auto* request : {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n"}) {
    world.ask(request);
    CHECK(seen.find("Host: ") == seen.find(own));
    CHECK(contains(seen, own));
  }
}

TEST_CASE("gateway: connections are kept on both sides") {
  World world;
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  const auto client = world.connect();
  for (int i = 0; i < 3; ++i) {
    client->received.clear();
    client->send(get());
    REQUIRE(world.until_received(client, "\r\n\r\nx"));
  }
  CHECK_FALSE(client->closed);
  CHECK(server->connections.size() == 1);
}

TEST_CASE("gateway: pipelined requests are answered one after the other") {
  World world;
  const auto server =
      world.serve(answering([](const std::string& request) { return ok(request.substr(4, 2)); }));
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send(get("/1") + get("/2") + get("/3"));
  REQUIRE(world.until_received(client, "\r\n\r\n/3"));
  CHECK(client->received.find("\r\n\r\n/1") < client->received.find("\r\n\r\n/2"));
  CHECK(client->received.find("\r\n\r\n/2") < client->received.find("\r\n\r\n/3"));
}

TEST_CASE("gateway: an HTTP/1.0 client gets no chunks, and its connection is closed") {
  World world;
  const auto server = world.serve(
      answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send("GET / HTTP/1.0\r\n\r\n");
  REQUIRE(world.until([&] { return client->closed; }));
  CHECK(body_of(client->received) == "abcde");
  CHECK_FALSE(contains(client->received, "chunked"));
  CHECK(contains(client->received, "Connection: close"));
}

TEST_CASE("gateway: an HTTP/1.0 client that asks for it keeps its connection") {
  World world;
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  const auto client = world.connect();
  for (int i = 0; i < 2; ++i) {
    client->received.clear();
    client->send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    REQUIRE(world.until_received(client, "\r\n\r\nx"));
    CHECK(contains(client->received, "Connection: keep-alive\r\n"));
  }
}

TEST_CASE("gateway: chunks pass as chunks, without their extensions and trailers") {
  World world;
  const auto server =
      world.serve(answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: "
                            "X-T\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n"));
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until_received(client, "0\r\n\r\n"));
  CHECK(body_of(client->received) == "5\r\nabcde\r\n0\r\n\r\n");
  CHECK_FALSE(contains(client->received, "X-T"));
  client->received.clear();
  client->send(get());
  CHECK(world.until_received(client, "0\r\n\r\n"));
  CHECK(server->connections.size() == 1);
}

TEST_CASE("gateway: an answer that ends with the connection becomes chunked") {
  World world;
  const auto server = world.serve([](Peer& peer) { peer.send("HTTP/1.0 200 OK\r\n\r\nabc"); });
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until_received(client, "abc"));
  server->connections[0]->close();
  REQUIRE(world.until_received(client, "0\r\n\r\n"));
  CHECK(body_of(client->received) == "3\r\nabc\r\n0\r\n\r\n");
  CHECK_FALSE(client->closed);
}

TEST_CASE("gateway: a chunked request body arrives whole, however it is cut") {
  World world;
  std::string upload;
  const auto server = world.serve([&](Peer& peer) {
    if (!peer.received.ends_with("0\r\n\r\n")) return;
    upload = peer.received;
    peer.send(ok("done"));
  });
  world.update(world.route_to({server}));
  const auto client = world.connect();
  const std::string request =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n6;x=y\r\npedia "
      "\r\n0\r\n\r\n";
  for (const char byte : request) {
    client->send(std::string_view(&byte, 1));
    world.settle();
  }
  REQUIRE(world.until_received(client, "done"));
  std::string body;
  const auto text = body_of(upload);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\r\n", at);
    const auto size = std::stoul(text.substr(at, end - at), nullptr, 16);
    body += text.substr(end + 2, size);
    at = end + 2 + size + 2;
  }
  CHECK(body == "wikipedia ");
  CHECK(contains(upload, "Transfer-Encoding: chunked\r\n"));
}

TEST_CASE("gateway: HEAD, 204 and 304 have no body, and the connection stays in step") {
  World world;
  const auto server = world.serve(answering([](const std::string& request) {
    if (request.starts_with("HEAD")) return std::string("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    if (contains(request, "/204")) return std::string("HTTP/1.1 204 No Content\r\n\r\n");
    if (contains(request, "/304"))
      return std::string("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
    return ok("end");
  }));
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get("/204") + get("/304") + get("/"));
  REQUIRE(world.until_received(client, "\r\n\r\nend"));
  CHECK(contains(client->received, "Content-Length: 1000\r\n"));
  CHECK(contains(client->received, "HTTP/1.1 204 No Content\r\nmdl-release: 1\r\n\r\n"));
  CHECK(contains(client->received, "Content-Length: 9\r\n"));
  CHECK(server->connections.size() == 1);
}

TEST_CASE("gateway: a client that expects 100 Continue gets it once a replica has its request") {
  World world;
  std::string seen;
  const auto server = world.serve(answering([&](const std::string& request) {
    seen = request;
    return ok("got it");
  }));
  auto route = world.route_to({});
  world.update(route);
  const auto client = world.connect();
  client->send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  REQUIRE(world.until([&] { return world.gateway->held("s") == 1; }));
  CHECK(client->received.empty());
  world.update(world.route_to({server}));
  REQUIRE(world.until_received(client, "HTTP/1.1 100 Continue\r\n\r\n"));
  client->received.clear();
  client->send("body");
  REQUIRE(world.until_received(client, "got it"));
  CHECK(has_status(client->received, 200));
  CHECK_FALSE(contains(seen, "Expect"));
}

TEST_CASE("gateway: events of a stream go on as they come") {
  World world;
  const auto server = world.serve([](Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  });
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until_received(client, "\r\n\r\n"));
  for (const auto* event : {"data: 1", "data: 2", "data: 3"}) {
    server->connections[0]->send("9\r\n" + std::string(event) + "\n\n\r\n");
    REQUIRE(world.until_received(client, event));
  }
  CHECK(world.gateway->in_flight("s", 1) == 1);
  server->connections[0]->send("0\r\n\r\n");
  REQUIRE(world.until_received(client, "0\r\n\r\n"));
  CHECK(world.gateway->in_flight("s", 1) == 0);
}

TEST_CASE("gateway: a client that does not read holds the replica back instead of filling memory") {
  World world;
  const std::size_t size = 64 << 20;
  const auto server = world.serve(answering([&](const std::string&) { return ok(std::string(size, 'x')); }));
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->pause(true);
  client->send(get());
  REQUIRE(world.until([&] { return !server->connections.empty() && server->connections[0]->unsent() > 0; }));
  world.settle();
  CHECK(server->connections[0]->unsent() > size / 2);
  client->pause(false);
  REQUIRE(
      world.until([&] { return client->received.size() == client->received.find("\r\n\r\n") + 4 + size; }));
  const bool whole = body_of(client->received) == std::string(size, 'x');
  CHECK(whole);
}

TEST_CASE("gateway: an answer before the end of the upload reaches the client") {
  World world;
  const auto server = world.serve([](Peer& peer) {
    if (!contains(peer.received, "\r\n\r\n")) return;
    peer.received.clear();
    peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\ntoo big");
    peer.pause(true);
  });
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" +
               std::string(64 << 20, 'x'));
  REQUIRE(world.until_received(client, "too big"));
  CHECK(has_status(client->received, 413));
  CHECK(contains(client->received, "Connection: close\r\n"));
  REQUIRE(world.until([&] { return client->closed; }));
  CHECK_FALSE(client->broken);
  CHECK(world.gateway->in_flight("s", 1) == 0);
}

TEST_CASE("gateway: both directions can stream at the same time") {
  World world;
  const auto server = world.serve([](Peer& peer) {
    const auto end = peer.received.find("\r\n\r\n");
    if (end != std::string::npos) {
      peer.received.erase(0, end + 4);
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    }
    peer.send(peer.received);
    peer.received.clear();
  });
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nab");
  REQUIRE(world.until_received(client, "\r\n\r\nab"));
  client->send("cd");
  REQUIRE(world.until_received(client, "\r\n\r\nabcd"));
  client->send("ef");
  REQUIRE(world.until_received(client, "\r\n\r\nabcdef"));
}

TEST_CASE("gateway: a response that is cut short ends with the connection, and counts as an error") {
  World world;
  const auto server =
      world.serve([](Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"); });
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until_received(client, "half"));
  server->connections[0]->close();
  REQUIRE(world.until([&] { return client->closed; }));
  const auto stats = world.gateway->take_stats("s");
  REQUIRE(stats.size() == 1);
  CHECK(stats[0].errors == 1);
}

TEST_CASE("gateway: broken chunks of a response end the connection, and count as an error") {
  World world;
  const auto server = world.serve([](Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");
    peer.received.clear();
  });
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send(get());
  REQUIRE(world.until([&] { return client->closed; }));
  CHECK(contains(client->received, "abc"));
  CHECK_FALSE(contains(client->received, "0\r\n\r\n"));
  CHECK(world.gateway->take_stats("s").at(0).errors == 1);
}

TEST_CASE("gateway: interim responses are left out") {
  World world;
  const auto server = world.serve(answering("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok("final")));
  world.update(world.route_to({server}));
  const auto response = world.ask(get());
  CHECK(has_status(response, 200));
  CHECK(body_of(response) == "final");
}

TEST_CASE("gateway: a WebSocket is a tunnel, in flight until one side closes") {
  World world;
  std::string asked;
  const auto server = world.serve([&](Peer& peer) {
    if (asked.empty()) {
      asked = peer.received;
      peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello");
    } else {
      peer.send("echo:" + peer.received);
    }
    peer.received.clear();
  });
  world.update(world.route_to({server}));
  for (const bool client_closes : {true, false}) {
    asked.clear();
    const auto client = world.connect();
    client->send(
        get("/ws", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n"));
    REQUIRE(world.until_received(client, "\r\n\r\nhello"));
    CHECK(has_status(client->received, 101));
    CHECK(contains(client->received, "Upgrade: websocket\r\n"));
    CHECK(contains(asked, "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    client->send(std::string_view("\x81\x00raw", 5));
    REQUIRE(world.until_received(client, std::string_view("echo:\x81\x00raw", 10)));
    CHECK(world.gateway->in_flight("s", 1) == 1);
    const auto& other = server->connections.back();
    (client_closes ? *client : *other).close();
    CHECK(world.until([&] { return client->closed && other->closed; }));
    CHECK(world.until([&] { return world.gateway->in_flight("s", 1) == 0; }));
  }
}
