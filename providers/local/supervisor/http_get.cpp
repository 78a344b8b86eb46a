#include "providers/local/supervisor/http_get.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace mdl::local::supervisor {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

Answer::Outcome outcome_of(const beast::error_code& error) {
  if (error == asio::error::connection_refused) return Answer::Outcome::refused;
  if (error == beast::error::timeout) return Answer::Outcome::silent;
  const bool ours = error == asio::error::no_descriptors || error == asio::error::no_memory ||
                    error == asio::error::no_buffer_space ||
                    error == boost::system::errc::too_many_files_open_in_system;
  return ours ? Answer::Outcome::unasked : Answer::Outcome::broken;
}

struct Get : std::enable_shared_from_this<Get> {
  Get(Loop& loop, std::size_t max_body, std::function<void(Answer)> handler)
      : stream(loop.io()), on_answer(std::move(handler)) {
    parser.body_limit(max_body);
  }

  void begin(std::uint16_t port, const std::string& path, Milliseconds timeout) {
    request.method(http::verb::get);
    request.target(path);
    request.set(http::field::host, "127.0.0.1:" + std::to_string(port));
    request.set(http::field::user_agent, "mdl-health");
    request.set(http::field::connection, "close");
    stream.expires_after(timeout);
    stream.async_connect(
        tcp::endpoint(asio::ip::address_v4::loopback(), port),
        [self = shared_from_this()](auto error) { error ? self->fail(error) : self->send(); });
  }
  void send() {
    http::async_write(stream, request, [self = shared_from_this()](auto error, std::size_t) {
      error ? self->fail(error) : self->receive();
    });
  }
  void receive() {
    http::async_read(stream, buffer, parser, [self = shared_from_this()](auto error, std::size_t) {
      // A body that is too long to be looked at does not change what the status says.
      if (error && !self->parser.is_header_done()) return self->fail(error);
      self->finish({.outcome = Answer::Outcome::answered,
                    .status = static_cast<int>(self->parser.get().result_int()),
                    .body = std::move(self->parser.get().body())});
    });
  }
  void fail(const beast::error_code& error) { finish({.outcome = outcome_of(error)}); }
  void finish(Answer answer) {
    beast::error_code ignored;
    stream.socket().close(ignored);
    if (auto handler = std::move(on_answer)) handler(std::move(answer));
    on_answer = nullptr;
  }

  beast::tcp_stream stream;
  beast::flat_buffer buffer{64 << 10};
  http::request<http::empty_body> request;
  http::response_parser<http::string_body> parser;
  std::function<void(Answer)> on_answer;
};

}  // namespace

std::shared_ptr<void> http_get(Loop& loop, std::uint16_t port, const std::string& path, Milliseconds timeout,
                               std::size_t max_body, std::function<void(Answer)> on_answer) {
  auto get = std::make_shared<Get>(loop, max_body, std::move(on_answer));
  get->begin(port, path, timeout);
  // The operations hold the state themselves; destroying this handle cuts them off.
  return {static_cast<void*>(get.get()), [get](void*) {
            get->on_answer = nullptr;
            get->stream.close();
          }};
}

}  // namespace mdl::local::supervisor
