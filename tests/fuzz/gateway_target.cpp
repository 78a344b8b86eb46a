#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "core/util/text.hpp"
#include "providers/local/gateway/gateway.hpp"
#include "providers/local/gateway/header_scan.hpp"
#include "tests/fuzz/targets.hpp"

// The bytes up to the first 0x1e are what a client sends, in pieces that end at 0x1d, before it closes its
// side. Those behind it are what a replica answers to the first bytes on each of its connections, again in
// pieces; then it closes.
namespace mdl::fuzz {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using local::GatewayOptions;

constexpr Milliseconds longest{5'000};

struct StandingClock final : Clock {
  Time now() const override { return Time(std::chrono::seconds(1)); }
  std::chrono::nanoseconds elapsed() const override { return std::chrono::seconds(1); }
};

// Reads until its other side closes; a replica's one answers once.
class Side : public std::enable_shared_from_this<Side> {
 public:
  Side(tcp::socket socket, std::string_view answer) : socket_(std::move(socket)), answer_(answer) {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);  // leaves no port behind in TIME_WAIT
  }
  void read() {
    socket_.async_read_some(asio::buffer(chunk_),
                            [self = shared_from_this()](error_code ec, std::size_t bytes) {
                              self->received.append(self->chunk_.data(), bytes);
                              self->closed = self->closed || ec;
                              if (bytes > 0 && !std::exchange(self->answered_, true))
                                self->send(self->answer_);
                              if (!self->closed) self->read();
                            });
  }
  void send(std::string_view pieces) {
    const auto end = std::min(pieces.find('\x1d'), pieces.size());
    const bool last = end == pieces.size();
    asio::async_write(
        socket_, asio::buffer(pieces.data(), end),
        [self = shared_from_this(), rest = last ? "" : pieces.substr(end + 1), last](error_code ec, auto) {
          if (!ec && !last)
            return asio::post(self->socket_.get_executor(), [self, rest] { self->send(rest); });
          error_code ignored;
          self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
        });
  }
  void skip_answer() { answered_ = true; }

  std::string received;
  bool closed = false;

 private:
  tcp::socket socket_;
  std::string_view answer_;
  std::array<char, 16384> chunk_{};
  bool answered_ = false;
};

class Connection {
 public:
  Connection()
      : gateway_(io_, clock_, {}, options()),
        acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

  std::string run(std::string_view sent, std::string_view answer) {
    const auto port = gateway_.listen("s", 0);
    if (!port) return "";  // of the machine
    gateway_.update("s",
                    {.split = {{.release = 1, .weight = 1}},
                     .upstreams = {{.release = 1, .replica = 1, .port = acceptor_.local_endpoint().port()}},
                     .timeout = longest});
    accept(answer);
    tcp::socket socket(io_);
    error_code ec;
    socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), *port), ec);
    if (ec) return "";
    client_ = std::make_shared<Side>(std::move(socket), "");
    client_->skip_answer();
    client_->read();
    std::string text(sent);
    std::erase(text, '\x1d');
    asks_head_ = text.find("HEAD") != std::string::npos;
    client_->send(sent);
    const auto deadline = std::chrono::steady_clock::now() + longest;
    while (!client_->closed && io_.run_one_until(deadline) > 0) {
    }
    return client_->closed ? check(answer) : "the client's connection is left open";
  }

 private:
  static GatewayOptions options() { return {.linger = Milliseconds(20), .first_port = 28600}; }

  void accept(std::string_view answer) {
    acceptor_.async_accept([this, answer](error_code ec, tcp::socket socket) {
      if (ec) return;
      replicas_.push_back(std::make_shared<Side>(std::move(socket), answer));
      replicas_.back()->read();
      accept(answer);
    });
  }

  std::string check(std::string_view answer) {
    std::size_t requests = 0;
    for (const auto& replica : replicas_)
      if (auto wrong = check_requests(replica->received, requests); !wrong.empty()) return wrong;
    std::uint64_t counted = 0;
    for (const auto& stats : gateway_.take_stats("s")) counted += stats.requests;
    // A GET is repeated only where the replica said nothing.
    if (!answer.empty() && answer.front() != '\x1d' && requests > counted + (client_open_requests() ? 1 : 0))
      return "a replica saw " + std::to_string(requests) + " requests, the gateway " +
             std::to_string(counted);
    return check_answers(client_->received);
  }
  bool client_open_requests() const { return gateway_.in_flight("s", 1) > 0; }

  // Each header that went on is one that we would take, and bodies are framed as they say.
  static std::string check_requests(std::string_view text, std::size_t& requests) {
    while (!text.empty()) {
      local::gateway::HeaderScan scan;
      const auto state = scan.feed(text);
      if (state == local::gateway::HeaderScan::State::bad)
        return std::string("a replica got what we would refuse (") + scan.why() + "):\n" + std::string(text);
      if (state == local::gateway::HeaderScan::State::more) return "";
      http::request_parser<http::string_body> parser;
      parser.body_limit(text.size());  // what says that it is longer is not whole, and is never room made for
      parser.eager(true);
      error_code ec;
      const auto used = parser.put(asio::const_buffer(text.data(), text.size()), ec);
      ++requests;
      if (ec == http::error::need_more || ec == http::error::body_limit || parser.upgrade()) return "";
      if (ec) return "a replica got a broken request (" + ec.message() + "):\n" + std::string(text);
      text.remove_prefix(used);
    }
    return "";
  }

  // Whole answers, of which the last may be cut. What follows the answer to a HEAD cannot be told from its
  // body here.
  std::string check_answers(std::string_view text) const {
    const auto whole = text;
    while (!text.empty()) {
      http::response_parser<http::string_body> parser;
      parser.body_limit(text.size());  // what says that it is longer is not whole, and is never room made for
      parser.eager(true);
      error_code ec;
      const auto used = parser.put(asio::const_buffer(text.data(), text.size()), ec);
      if (ec == http::error::need_more || ec == http::error::body_limit || parser.need_eof() ||
          parser.get().result_int() == 101 || (asks_head_ && parser.content_length().value_or(0) > 0))
        return "";
      if (ec)
        return "a client got a broken answer (" + ec.message() + ") at " +
               std::to_string(whole.size() - text.size()) + " of:\n" + std::string(whole);
      if (parser.content_length() && parser.get().body().empty() && *parser.content_length() > 0)
        return "";  // of a HEAD
      text.remove_prefix(used);
    }
    return "";
  }

  asio::io_context io_{1};
  StandingClock clock_;
  local::Gateway gateway_;
  tcp::acceptor acceptor_;
  std::vector<std::shared_ptr<Side>> replicas_;
  std::shared_ptr<Side> client_;
  bool asks_head_ = false;
};

}  // namespace

std::string gateway(std::string_view bytes) {
  const auto end = std::min(bytes.find('\x1e'), bytes.size());
  return Connection().run(bytes.substr(0, end), bytes.substr(std::min(end + 1, bytes.size())));
}

}  // namespace mdl::fuzz
