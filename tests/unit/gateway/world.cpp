#include "tests/unit/gateway/world.hpp"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <unistd.h>

namespace mdl::local::testing {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

class RealPeer final : public Peer, public std::enable_shared_from_this<RealPeer> {
 public:
  explicit RealPeer(tcp::socket socket) : socket_(std::move(socket)) {}
  ~RealPeer() override = default;

  void start(std::function<void(Peer&)> on_bytes) {
    on_bytes_ = std::move(on_bytes);
    read();
  }
  void send(std::string_view bytes) override {
    pending_.append(bytes);
    if (!writing_) write();
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
    closed = true;
  }
  void reset() override {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    close();
  }
  void pause(bool paused) override {
    paused_ = paused;
    if (!paused && !reading_) read();
  }
  std::size_t unsent() const override { return pending_.size() - sent_; }

 private:
  void read() {
    reading_ = true;
    socket_.async_read_some(asio::buffer(chunk_),
                            [self = shared_from_this()](error_code ec, std::size_t bytes) {
                              self->reading_ = false;
                              self->received.append(self->chunk_.data(), bytes);
                              if (ec) self->closed = true;
                              self->broken = self->broken || (ec && ec != asio::error::eof);
                              if (bytes > 0 && self->on_bytes_) self->on_bytes_(*self);
                              if (!self->closed && !self->paused_) self->read();
                            });
  }
  void write() {
    writing_ = true;
    socket_.async_write_some(asio::buffer(pending_) + sent_,
                             [self = shared_from_this()](error_code ec, std::size_t bytes) {
                               self->writing_ = false;
                               self->sent_ += bytes;
                               self->broken = self->broken || ec;
                               if (ec || self->unsent() == 0) {
                                 self->pending_.clear();
                                 self->sent_ = 0;
                               } else {
                                 self->write();
                               }
                             });
  }

  tcp::socket socket_;
  std::array<char, 65536> chunk_{};
  std::string pending_;
  std::size_t sent_ = 0;  // of what is pending
  std::function<void(Peer&)> on_bytes_;
  bool reading_ = false, writing_ = false, paused_ = false;
};

tcp::endpoint local(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }

class RealServer final : public Server, public std::enable_shared_from_this<RealServer> {
 public:
  RealServer(asio::io_context& io, std::uint16_t port) : acceptor_(io, local(port)) {}
  std::uint16_t port() const override { return port_; }
  void stop() override {
    error_code ignored;
    acceptor_.close(ignored);
  }
  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code ec, tcp::socket socket) {
      if (ec) return;
      const auto peer = std::make_shared<RealPeer>(std::move(socket));
      self->connections.push_back(peer);
      peer->start([weak = self->weak_from_this()](Peer& from) {
        if (const auto server = weak.lock(); server && server->behaviour) server->behaviour(from);
      });
      self->accept();
    });
  }

 private:
  tcp::acceptor acceptor_;
  std::uint16_t port_ = acceptor_.local_endpoint().port();
};

std::size_t request_size(const std::string& text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) return std::string::npos;
  std::size_t length = 0;
  if (const auto at = text.find("Content-Length: "); at < end)
    std::from_chars(text.data() + at + 16, text.data() + end, length);
  return end + 4 + length;
}

}  // namespace

struct World::Loop {
  asio::io_context io{1};
};

GatewayEvents World::events() {
  GatewayEvents events;
  events.on_demand = [this](const std::string&, int release) { demanded.push_back(release); };
  events.on_drained = [this](const std::string&, const Upstream& upstream) { drained.push_back(upstream); };
  events.on_unreachable = [this](const std::string&, const Upstream& upstream) {
    unreachable.push_back(upstream);
  };
  return events;
}

World::World(GatewayOptions options) : loop_(std::make_unique<Loop>()) {
  options.first_port = 28400;
  gateway = std::make_unique<Gateway>(loop_->io, clock, events(), options);
  port = gateway->listen("s", 0).value();
}

World::~World() { gateway.reset(); }

std::unique_ptr<Gateway> World::succeed() {
  auto listeners = gateway->listeners();
  for (auto& listener : listeners) listener.descriptor = ::dup(listener.descriptor);
  auto successor = std::make_unique<Gateway>(loop_->io, clock, events(), GatewayOptions{});
  successor->inherit(std::move(listeners));
  REQUIRE(successor->listen("s", port).value() == port);
  gateway->leave([to = successor.get()](ClientConnection one) { to->adopt(std::move(one)); });
  return successor;
}

std::shared_ptr<Server> World::serve(Server::Behaviour behaviour, std::uint16_t at) {
  const auto server = std::make_shared<RealServer>(loop_->io, at);
  server->behaviour = std::move(behaviour);
  server->accept();
  return server;
}

Route World::route_to(const std::vector<std::shared_ptr<Server>>& servers) {
  Route route;
  route.split = {{.release = 1, .weight = 1}};
  int replica = 0;
  for (const auto& server : servers)
    route.upstreams.push_back({.release = 1, .replica = ++replica, .port = server->port()});
  return route;
}

std::shared_ptr<Peer> World::connect() {
  tcp::socket socket(loop_->io);
  socket.connect(local(port));
  socket.set_option(tcp::no_delay(true));
  const auto peer = std::make_shared<RealPeer>(std::move(socket));
  peer->start({});
  return peer;
}

std::string World::ask(std::string_view request) {
  const auto peer = connect();
  peer->send(request);
  const bool whole =
      until([&] { return peer->closed || request_size(peer->received) <= peer->received.size(); });
  CHECK_MESSAGE(whole, "no whole response");
  const auto response = peer->received;
  peer->close();
  return response;
}

bool World::until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (loop_->io.stopped()) loop_->io.restart();
    if (loop_->io.run_one_until(end) == 0 && std::chrono::steady_clock::now() >= end) return condition();
  }
  return true;
}

bool World::until_received(const std::shared_ptr<Peer>& peer, std::string_view text) {
  return until([&] { return contains(peer->received, text); });
}

void World::settle() {
  if (loop_->io.stopped()) loop_->io.restart();
  while (loop_->io.poll() > 0) {
  }
}

Server::Behaviour answering(std::function<std::string(const std::string& request)> answer) {
  return [answer = std::move(answer)](Peer& peer) {
    for (auto size = request_size(peer.received); size <= peer.received.size();
         size = request_size(peer.received)) {
      const auto request = peer.received.substr(0, size);
      peer.received.erase(0, size);
      peer.send(answer(request));
    }
  };
}

Server::Behaviour answering(std::string response) {
  return answering([response = std::move(response)](const std::string&) { return response; });
}

std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::uint16_t free_port() {
  asio::io_context io;
  return tcp::acceptor(io, local(0)).local_endpoint().port();
}

std::string get(std::string_view target, std::string_view fields) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(fields) + "\r\n";
}

bool has_status(const std::string& response, int status) {
  return response.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

std::string body_of(const std::string& response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string::npos ? "" : response.substr(end + 4);
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace mdl::local::testing
