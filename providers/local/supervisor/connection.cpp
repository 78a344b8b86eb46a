#include "providers/local/supervisor/connection.hpp"

#include <algorithm>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <fcntl.h>
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
constexpr Milliseconds idle_timeout{60'000}, last_timeout{1'000}, accept_pause{200};

bool same_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

constexpr std::string_view too_large = R"({"code":"invalid","message":"the body is larger than 16 MB"})";
constexpr std::string_view no_descriptors =
    R"({"code":"unavailable","reason":"no-descriptors","message":"the supervisor has no free descriptors: too many files and connections are open"})";

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `ended`: it has the descriptor that was kept in reserve, and calls this once that is free again.
  Connection(stream_protocol::socket socket, Api& api, std::function<void()> ended = {})
      : stream_(std::move(socket)), api_(api), ended_(std::move(ended)) {}
  ~Connection() {
    beast::error_code ignored;
    stream_.socket().close(ignored);
    if (ended_) ended_();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read() {
    parser_.emplace();
    parser_->body_limit(longest_body);
    phase_ = Phase::reading;
    stream_.expires_after(ended_ ? last_timeout : idle_timeout);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error) return self->handle();
      if (error == http::error::body_limit) self->respond({.status = 413, .body = std::string(too_large)});
    });
  }

  void respond(ApiResponse response) {
    const bool keep = !ended_ && (!parser_ || (parser_->is_done() && parser_->keep_alive()));
    phase_ = Phase::writing;
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(response.status));
    response_.set(http::field::content_type, response.type);
    response_.set("Mdl-Version", MDL_VERSION);
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

  bool idle() const { return phase_ == Phase::reading && !parser_->got_some() && buffer_.size() == 0; }
  bool asks() const { return phase_ == Phase::asking; }
  int descriptor() { return stream_.socket().native_handle(); }
  void close() {
    beast::error_code ignored;
    stream_.socket().close(ignored);
  }

 private:
  enum class Phase { reading, asking, writing };

  void handle() {
    stream_.expires_never();
    phase_ = Phase::asking;
    auto& message = parser_->get();
    if (ended_ && message.method() != http::verb::get)
      return respond({.status = 503, .body = std::string(no_descriptors)});
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

  beast::basic_stream<stream_protocol> stream_;
  Api& api_;
  std::function<void()> ended_;
  Phase phase_ = Phase::asking;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
};

class UnixServer final : public SocketServer {
 public:
  UnixServer(asio::io_context& io, std::string path, Api& api, Log log)
      : loop_(io), acceptor_(io), path_(std::move(path)), api_(api), log_(std::move(log)) {}
  ~UnixServer() override {
    close();
    if (reserve_ >= 0) ::close(reserve_);
  }
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
    begin();
    return {};
  }

  void take_over(const Value& value, const std::string& answer) {
    acceptor_.assign(stream_protocol(), static_cast<int>(value["listener"].as_integer(-1)));
    for (const auto& one : value["idle"].as_array()) add(static_cast<int>(one.as_integer()))->read();
    for (const auto& one : value["asking"].as_array())
      add(static_cast<int>(one.as_integer()))->respond({.body = answer});
    begin();
  }

  void close() override {
    retry_.reset();
    if (!std::exchange(bound_, false)) return;
    beast::error_code ignored;
    acceptor_.close(ignored);
    ::unlink(path_.c_str());
  }

  bool quiet() override {
    return std::ranges::all_of(connections(), [](const auto& one) { return one->idle() || one->asks(); });
  }

  Value hand_over(Handover& handover) override {
    auto idle = Value::array(), asking = Value::array();
    for (const auto& connection : connections())
      if (connection->idle() || connection->asks())
        (connection->idle() ? idle : asking).push(handover.keep(connection->descriptor()));
    return Value::object({{"listener", handover.keep(acceptor_.native_handle())},
                          {"idle", std::move(idle)},
                          {"asking", std::move(asking)}});
  }

  void abandon() override {
    retry_.reset();
    bound_ = false;
    beast::error_code ignored;
    acceptor_.close(ignored);
    for (const auto& connection : connections()) connection->close();
    if (reserve_ >= 0) ::close(std::exchange(reserve_, -1));
  }

 private:
  void begin() {
    bound_ = true;
    acceptor_.non_blocking(true);
    reserve();
    await();
  }

  bool reserve() {
    if (reserve_ < 0) reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    return reserve_ >= 0;
  }

  // Accepts only within the handler, so that none is on its way when the socket is handed over.
  void await() {
    acceptor_.async_wait(stream_protocol::acceptor::wait_read, [this](auto error) {
      if (error == asio::error::operation_aborted || !bound_) return;
      accept();
    });
  }

  void accept() {
    for (;;) {
      const int descriptor = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor >= 0) {
        refusing_ = false;
        serve(descriptor, {});
      } else if (errno == EMFILE || errno == ENFILE) {
        return accept_last();
      } else if (errno != EINTR && errno != ECONNABORTED) {
        return await();
      }
    }
  }

  void accept_last() {
    if (!std::exchange(refusing_, true)) log_.error("there are no free descriptors");
    if (reserve_ >= 0) {
      ::close(std::exchange(reserve_, -1));
      const int descriptor = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor >= 0)
        return serve(descriptor, [this, alive = std::weak_ptr(alive_)] {
          if (!alive.expired() && bound_) go_on();
        });
    }
    go_on();
  }

  void go_on() {
    if (reserve()) return await();
    retry_ = loop_.after(accept_pause, [this] { accept(); });
  }

  void serve(int descriptor, std::function<void()> ended) {
    const auto connection = add(descriptor, std::move(ended));
    if (connection && same_user(descriptor)) return connection->read();
    log_.warning("a connection of another user was refused");
  }

  std::shared_ptr<Connection> add(int descriptor, std::function<void()> ended = {}) {
    stream_protocol::socket socket(loop_.io());
    socket.assign(stream_protocol(), descriptor);
    auto connection = std::make_shared<Connection>(std::move(socket), api_, std::move(ended));
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    connections_.push_back(connection);
    return connection;
  }

  std::vector<std::shared_ptr<Connection>> connections() const {
    std::vector<std::shared_ptr<Connection>> found;
    for (const auto& weak : connections_)
      if (auto connection = weak.lock()) found.push_back(std::move(connection));
    return found;
  }

  Loop loop_;
  stream_protocol::acceptor acceptor_;
  std::string path_;
  Api& api_;
  Log log_;
  std::vector<std::weak_ptr<Connection>> connections_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // connections may outlive this
  Timer retry_;
  int reserve_ = -1;
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

std::unique_ptr<SocketServer> SocketServer::take_over(asio::io_context& io, const std::string& path, Api& api,
                                                      Log log, const Value& value,
                                                      const std::string& answer) {
  auto server = std::make_unique<UnixServer>(io, path, api, std::move(log));
  server->take_over(value, answer);
  return server;
}

}  // namespace mdl::local::supervisor
