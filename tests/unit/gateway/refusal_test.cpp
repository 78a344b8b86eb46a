#include <random>

#include "tests/unit/gateway/world.hpp"

using namespace mdl::local;
using namespace mdl::local::testing;
using namespace std::chrono_literals;

TEST_CASE("gateway: requests that could be smuggled get 400, and no replica sees them") {
  World world;
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const auto& request :
       {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", post + "Content-Length: 5\n\nhello",
        std::string("GET / HTTP/1.1\nHost: a\n\n"), post + "X: a\r\n b\r\n\r\n",
        post + "Content-Length : 5\r\n\r\nhello", post + std::string("X: a\0b\r\n\r\n", 10),
        post + "Transfer-Encoding: chunked, identity\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx",
        post + "Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
        std::string("GET / HTTP/1.1\r\n\r\n"), std::string("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        std::string("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10)}) {
    const auto client = world.connect();
    client->send(request);
    CHECK_MESSAGE(world.until([&] { return client->closed; }), request);
    INFO(request, client->received);
    CHECK(has_status(client->received, 400));
    CHECK(contains(client->received, R"("code":"bad-request")"));
  }
  for (const auto& connection : server->connections) CHECK(connection->received.empty());
}

TEST_CASE("gateway: what follows a body with a length is the next request, not part of it") {
  World world;
  std::vector<std::string> seen;
  const auto server = world.serve(answering([&](const std::string& request) {
    seen.push_back(request);
    return ok("x");
  }));
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" + get("/b"));
  REQUIRE(world.until([&] { return seen.size() == 2; }));
  CHECK(seen[0].ends_with("\r\n\r\nbody"));
  CHECK(seen[1].starts_with("GET /b "));
}

TEST_CASE("gateway: a header over the limit gets 431, just below it passes") {
  World world;
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  CHECK(has_status(world.ask(get("/", "X: " + std::string(65'000, 'x') + "\r\n")), 200));
  const auto refused = world.ask(get("/", "X: " + std::string(80'000, 'x') + "\r\n"));
  CHECK(has_status(refused, 431));
  CHECK(contains(refused, R"("code":"header-too-large")"));
}

TEST_CASE("gateway: a line of a chunk that never ends gets 400") {
  World world;
  const auto server = world.serve([](Peer&) {});
  world.update(world.route_to({server}));
  const auto response = world.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                                  std::string(100'000, 'x'));
  CHECK(has_status(response, 400));
}

TEST_CASE("gateway: a header that does not arrive in time gets 408") {
  World world({.header_time = 20ms});
  const auto slow = world.connect();
  slow->send("GET / HTTP/1.1\r\nHost:");
  REQUIRE(world.until([&] { return slow->closed; }));
  CHECK(has_status(slow->received, 408));
}

TEST_CASE("gateway: an idle connection is closed without a word") {
  World world({.idle = 20ms});
  const auto idle = world.connect();
  REQUIRE(world.until([&] { return idle->closed; }));
  CHECK(idle->received.empty());
}

TEST_CASE("gateway: a body that stops arriving gets 408") {
  World world({.stall = 20ms});
  const auto server = world.serve([](Peer&) {});
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
  REQUIRE(world.until([&] { return client->closed; }));
  CHECK(has_status(client->received, 408));
  CHECK(world.gateway->in_flight("s", 1) == 0);
}

TEST_CASE("gateway: a client that reads nothing any more loses its response") {
  World world({.stall = 20ms});
  const auto server = world.serve(answering(ok(std::string(64 << 20, 'x'))));
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->pause(true);
  client->send(get());
  REQUIRE(world.until([&] { return world.gateway->in_flight("s", 1) == 1; }));
  CHECK(world.until([&] { return world.gateway->in_flight("s", 1) == 0; }));
}

TEST_CASE("gateway: a replica that stops reading the upload is timed out") {
  World world({.stall = 500ms});  // long enough for a loaded machine to fill the sockets first
  const auto server = world.serve({});
  server->behaviour = [](Peer& peer) { peer.pause(true); };
  world.update(world.route_to({server}));
  const auto client = world.connect();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" +
               std::string(64 << 20, 'x'));
  REQUIRE(world.until([&] { return client->closed; }));
  CHECK(has_status(client->received, 504));
  CHECK(world.gateway->in_flight("s", 1) == 0);
}

TEST_CASE("gateway: broken bytes from either side are survived, and nothing stays in flight") {
  std::mt19937 random(20261124);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same bytes in every run
  const auto damaged = [&](std::string text) {
    for (auto changes = random() % 4; changes > 0; --changes) {
      const auto at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 3);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 8));
          break;
      }
      if (text.empty()) return std::string("x");
    }
    return text;
  };
  const std::vector<std::string> requests{
      get("/a") + get("/b"), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + get(),
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + get(),
      get("/", "Connection: Upgrade\r\nUpgrade: x\r\n"), "HEAD / HTTP/1.0\r\n\r\n"};
  const std::vector<std::string> responses{
      ok("hello"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
      "HTTP/1.0 200 OK\r\n\r\nto the end",
      "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nbytes",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"};
  World world;
  const auto server =
      world.serve([&](Peer& peer) { peer.send(damaged(responses[random() % responses.size()])); });
  auto route = world.route_to({server});
  route.concurrency = 1000;
  world.update(route);
  for (int i = 0; i < 500; ++i) {
    const auto client = world.connect();
    const auto request = damaged(requests[random() % requests.size()]);
    const auto cut = random() % request.size();
    client->send(request.substr(0, cut));
    world.settle();
    client->send(request.substr(cut));
    world.settle();
    if (random() % 2 == 0) server->connections.empty() ? void() : server->connections.back()->close();
    random() % 4 == 0 ? client->reset() : client->close();
  }
  CHECK(world.until([&] { return world.gateway->in_flight("s", 1) == 0 && world.gateway->held("s") == 0; }));
  server->behaviour = answering(ok("alive"));
  CHECK(body_of(world.ask(get())) == "alive");
}

TEST_CASE("gateway: CONNECT is refused") {
  World world;
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  CHECK(has_status(world.ask("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"), 405));
}
