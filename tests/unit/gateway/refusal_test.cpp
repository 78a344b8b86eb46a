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

TEST_CASE("gateway: a header that does not arrive in time gets 408, an idle connection is closed") {
  World world({.header_time = 20ms, .idle = 20ms});
  const auto slow = world.connect();
  slow->send("GET / HTTP/1.1\r\nHost:");
  REQUIRE(world.until([&] { return slow->closed; }));
  CHECK(has_status(slow->received, 408));
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

TEST_CASE("gateway: CONNECT is refused") {
  World world;
  const auto server = world.serve(answering(ok("x")));
  world.update(world.route_to({server}));
  CHECK(has_status(world.ask("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"), 405));
}
