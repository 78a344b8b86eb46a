#pragma once

#include <doctest/doctest.h>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "providers/local/gateway/gateway.hpp"

// A gateway on a real event loop with raw sockets on both sides. Nothing sleeps: until() runs the loop up to
// the moment that a condition holds.
namespace mdl::local::testing {

class ManualClock final : public Clock {
 public:
  Time now() const override { return Time(time); }
  std::chrono::nanoseconds elapsed() const override { return time; }
  std::chrono::nanoseconds time{1'000'000'000};
};

// One end of a connection: what came so far, and what to send.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void send(std::string_view bytes) = 0;  // kept until it can be written
  virtual void close() = 0;
  virtual void reset() = 0;             // closes with RST
  virtual void pause(bool paused) = 0;  // reads nothing meanwhile
  virtual std::size_t unsent() const = 0;
  std::string received;
  bool closed = false;  // the other end closed, or the connection broke
  bool broken = false;  // it broke: reset, not ended
};

// A server whose behaviour a test writes. It is called whenever bytes have arrived.
class Server {
 public:
  using Behaviour = std::function<void(Peer&)>;
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;  // refuses connections from now on
  Behaviour behaviour;
  std::vector<std::shared_ptr<Peer>> connections;
};

// For each whole request that has arrived (header and Content-Length body), takes it off and answers.
Server::Behaviour answering(std::function<std::string(const std::string& request)> answer);
Server::Behaviour answering(std::string response);
// HTTP/1.1 200 with the body and its length.
std::string ok(std::string_view body);

class World {
 public:
  explicit World(GatewayOptions options = {});
  ~World();

  std::shared_ptr<Server> serve(Server::Behaviour behaviour, std::uint16_t at = 0);  // 0: a free port
  // A route with all of the traffic on release 1, at these servers.
  Route route_to(const std::vector<std::shared_ptr<Server>>& servers);
  void update(const Route& route) { gateway->update("s", route); }
  std::shared_ptr<Peer> connect();
  // Sends the request on a new connection and waits for the end of the response: the whole text of it.
  std::string ask(std::string_view request);
  // Runs the loop until the condition holds; false when it did not within 10 s.
  bool until(const std::function<bool()>& condition);
  bool until_received(const std::shared_ptr<Peer>& peer, std::string_view text);
  void settle();  // runs what is ready
  // A gateway of its own with the same listeners, as a supervisor has it that was restarted; `gateway`
  // leaves.
  std::unique_ptr<Gateway> succeed();

  ManualClock clock;
  std::unique_ptr<Gateway> gateway;
  std::uint16_t port = 0;
  std::vector<int> demanded;
  std::vector<Upstream> drained, unreachable;

 private:
  struct Loop;
  GatewayEvents events();
  std::unique_ptr<Loop> loop_;
};

// A port that nobody listens on.
std::uint16_t free_port();

std::string get(std::string_view target = "/", std::string_view fields = "");
// Whether the first line of the response has the status.
bool has_status(const std::string& response, int status);
std::string body_of(const std::string& response);
bool contains(const std::string& text, std::string_view part);

}  // namespace mdl::local::testing
