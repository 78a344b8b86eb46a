#include "providers/local/supervisor/connection.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "providers/local/supervisor/loop.hpp"

namespace mdl::local::supervisor {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::local::stream_protocol;

constexpr std::size_t longest_body = 16u << 20;
constexpr Milliseconds idle_timeout{60'000}, accept_pause{200};

bool same_user(stream_protocol::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == ::geteuid();
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(stream_protocol::socket socket, Api& api) : stream_(std::move(socket)), api_(api) {}

  void read() {
    parser_.emplace();
    parser_->body_limit(longest_body);
    stream_.expires_after(idle_timeout);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error) return self->handle();
      if (error == http::error::body_limit)
        self->respond(
            {.status = 413, .body = R"({"code":"invalid","message":"the body is larger than 16 MB"})"});
    });
  }

 private:
  void handle() {
    stream_.expires_never();
    auto& message = parser_->get();
    ApiRequest request{.method = std::string(message.method_string()),
                       .target = std::string(message.target()),
                       .body = std::move(message.body())};
    if (const auto fence = message.find("Mdl-Live"); fence != message.end())
      request.fence = std::string(fence->value());
    if (const auto match = message.find(http::field::if_match); match != message.end())
      request.match = std::string(match->value());
    api_.handle(request,
                [self = shared_from_this()](ApiResponse response) { self->respond(std::move(response)); });
  }

  void respond(ApiResponse response) {
    const bool keep = parser_->is_done() && parser_->keep_alive();
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(response.status));
    response_.set(http::field::content_type, response.type);
    response_.body() = std::move(response.body);
    response_.keep_alive(keep);
    response_.prepare_payload();
    stream_.expires_after(idle_timeout);
    http::async_write(stream_, response_, [self = shared_from_this(), keep](auto error, std::size_t) {
      if (!error && keep) return self->read();
      beast::error_code ignored;
      self->stream_.socket().shutdown(stream_protocol::socket::shutdown_send, ignored);
    });
  }

  beast::basic_stream<stream_protocol> stream_;
  Api& api_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
};

class UnixServer final : public SocketServer {
 public:
  UnixServer(asio::io_context& io, std::string path, Api& api, Log log)
      : loop_(io), acceptor_(io), path_(std::move(path)), api_(api), log_(std::move(log)) {}
  ~UnixServer() override { close(); }
  UnixServer(const UnixServer&) = delete;
  UnixServer& operator=(const UnixServer&) = delete;

  Result<void> open() {
    ::unlink(path_.c_str());  // the caller holds the home's lock: whoever made it is gone
    beast::error_code error;
    acceptor_.open(stream_protocol(), error);
    const auto mask = ::umask(0177);  // the socket must never be open to others, not even for a moment
    if (!error) acceptor_.bind(stream_protocol::endpoint(path_), error);
    ::umask(mask);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error)
      return fail(Error{.kind = ErrorKind::failed,
                        .message = "the supervisor cannot listen on " + path_,
                        .quoted = error.message(),
                        .resource = path_});
    bound_ = true;
    accept();
    return {};
  }

  void close() override {
    retry_.reset();
    if (!std::exchange(bound_, false)) return;
    beast::error_code ignored;
    acceptor_.close(ignored);
    ::unlink(path_.c_str());
  }

 private:
  void accept() {
    acceptor_.async_accept([this](auto error, stream_protocol::socket socket) {
      if (error == asio::error::operation_aborted || !bound_) return;
      if (error) {  // no descriptors: those that wait stay in the queue until there are some
        if (!std::exchange(refusing_, true)) log_.error("connections are not accepted: " + error.message());
        retry_ = loop_.after(accept_pause, [this] { accept(); });
        return;
      }
      refusing_ = false;
      if (same_user(socket)) {
        std::make_shared<Connection>(std::move(socket), api_)->read();
      } else {
        log_.warning("a connection of another user was refused");
      }
      accept();
    });
  }

  Loop loop_;
  stream_protocol::acceptor acceptor_;
  std::string path_;
  Api& api_;
  Log log_;
  Timer retry_;
  bool bound_ = false, refusing_ = false;
};

}  // namespace

Result<std::unique_ptr<SocketServer>> SocketServer::listen(asio::io_context& io, const std::string& path,
                                                           Api& api, Log log) {
  const auto folder = path.substr(0, path.rfind('/'));
  MDL_CHECK(make_folders(folder, 0700));
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() ||
      ::chmod(folder.c_str(), 0700) != 0)
    return fail(Error{.kind = ErrorKind::refused,
                      .message = "the socket's folder " + folder + " belongs to someone else",
                      .resource = folder});
  auto server = std::make_unique<UnixServer>(io, path, api, std::move(log));
  MDL_CHECK(server->open());
  return server;
}

}  // namespace mdl::local::supervisor
