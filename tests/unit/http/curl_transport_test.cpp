#include <algorithm>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "core/http/transport.hpp"
#include "core/util/files.hpp"
#include "core/util/process.hpp"
#include "core/util/value.hpp"
#include "tests/fakes/folder.hpp"
#include "tests/fakes/http_server.hpp"

using namespace mdl;
using namespace std::chrono_literals;
using fakes::HttpServer;

namespace {

Value echoed(const Result<http::Response>& response) {
  REQUIRE_MESSAGE(response, response.error().message, " ", response.error().quoted);
  return parse_json(response->body).value();
}

std::vector<std::string> values(const Value& echo, std::string_view name) {
  std::vector<std::string> found;
  for (const auto& header : echo["headers"].as_array())
    if (header.as_array()[0].as_string() == name) found.push_back(header.as_array()[1].as_string());
  return found;
}

// Sets a variable of this process for as long as it lives.
struct Variable {
  std::string name, before = environment(name.c_str());
  Variable(std::string variable, const std::string& value) : name(std::move(variable)) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Variable() { before.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), before.c_str(), 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
};

// A port of 127.0.0.1 on which nobody listens while this lives: it is bound only.
struct ClosedPort {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port = 0;
  ClosedPort() {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
  ~ClosedPort() { ::close(fd); }
};

}  // namespace

TEST_CASE("curl: requests arrive as they were given, and answers come back whole") {
  const HttpServer server({"tcp"});
  const auto transport = http::curl_transport();
  const std::string bytes("\0\xFF\r\n", 4);
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    const auto response =
        transport->send({.method = method,
                         .url = server.url("/a/../b%2Fc?q=1"),
                         .headers = {{"X-Empty", ""}, {"X-One", "1"}, {"Content-Type", "text/x"}},
                         .body = bytes});
    const auto echo = echoed(response);
    CHECK(response->status == 200);
    CHECK(echo["method"] == Value(method));
    CHECK(echo["path"] == Value("/a/../b%2Fc?q=1"));
    CHECK(echo["length"] == Value(4));
    CHECK(values(echo, "X-Empty") == std::vector<std::string>{""});
    CHECK(values(echo, "X-One") == std::vector<std::string>{"1"});
    CHECK(values(echo, "Content-Type") == std::vector<std::string>{"text/x"});
    CHECK(values(echo, "User-Agent") == std::vector<std::string>{"mdl/" MDL_VERSION});
    CHECK(response->header("x-twice") == "a");
    CHECK(std::ranges::count(response->headers, "b", &std::pair<std::string, std::string>::second) == 1);
  }
}

TEST_CASE("curl: nothing is added to a request without a body, or to a large one") {
  const HttpServer server({"tcp"});
  const auto transport = http::curl_transport();
  const auto bare = echoed(transport->send({.method = "DELETE", .url = server.url("/")}));
  CHECK(values(bare, "Content-Type").empty());
  CHECK(bare["length"] == Value(0));
  const auto empty = echoed(transport->send({.method = "POST", .url = server.url("/")}));
  CHECK(values(empty, "Content-Length") == std::vector<std::string>{"0"});
  const auto large =
      echoed(transport->send({.method = "PUT", .url = server.url("/"), .body = std::string(3'000'000, 'x')}));
  CHECK(large["length"] == Value(3'000'000));
  CHECK(values(large, "Expect").empty());
}

TEST_CASE("curl: every status is an answer, redirects are not followed and interim answers are left out") {
  const HttpServer server({"tcp"});
  const auto transport = http::curl_transport();
  CHECK(transport->send({.url = server.url("/teapot")})->status == 418);
  CHECK(transport->send({.url = server.url("/redirect")})->status == 302);
  const auto early = transport->send({.url = server.url("/continue")});
  CHECK(early->status == 200);
  CHECK(early->header("Early").empty());
  const auto head = transport->send({.method = "HEAD", .url = server.url("/")});
  CHECK(head->status == 200);
  CHECK(head->body.empty());
  CHECK(head->header("Content-Length") != "0");
}

TEST_CASE("curl: connections are kept and used again, also after an answer to another server") {
  const HttpServer one({"tcp"}), two({"tcp"});
  const auto transport = http::curl_transport();
  const auto peer = [&](const HttpServer& server) {
    return echoed(transport->send({.url = server.url("/")}))["peer"];
  };
  const auto first = peer(one), second = peer(two);
  CHECK(peer(one) == first);
  CHECK(peer(two) == second);
  // Sent once, whatever becomes of the connection: so it gets a fresh one.
  CHECK_FALSE(echoed(transport->send({.method = "POST", .url = one.url("/")}))["peer"] == first);
  CHECK(echoed(transport->send({.url = one.url("/")}))["peer"].as_integer() != 0);
}

TEST_CASE("curl: requests under way at once do not take each other's connections") {
  const HttpServer one({"tcp"}), two({"tcp"});
  const auto transport = http::curl_transport();
  const auto peer = [](const Result<http::Response>& response) { return echoed(response)["peer"]; };
  Value inner;
  std::string body;
  const auto outer = transport->send({.url = one.url("/")}, [&](std::string_view bytes) {
    if (inner.is_null()) inner = peer(transport->send({.url = two.url("/")}));
    body += bytes;
    return true;
  });
  REQUIRE(outer);
  CHECK(peer(transport->send({.url = two.url("/")})) == inner);
  CHECK(peer(transport->send({.url = one.url("/")})) == parse_json(body).value()["peer"]);
}

TEST_CASE("curl: a body is handed on as it comes, and its reader can end it") {
  const HttpServer server({"tcp"});
  const auto transport = http::curl_transport();
  std::string seen;
  const auto response = transport->send({.url = server.url("/stream")}, [&](std::string_view bytes) {
    seen += bytes;
    return true;
  });
  REQUIRE(response);
  CHECK(seen == "onetwothree");
  CHECK(response->body.empty());

  const auto ended = transport->send({.url = server.url("/stream")}, [](std::string_view) { return false; });
  CHECK(ended.error().kind == ErrorKind::interrupted);
  CHECK_THROWS_AS((void)transport->send({.url = server.url("/stream")},
                                        [](std::string_view) -> bool { throw std::length_error("reader"); }),
                  std::length_error);
  CHECK(transport->send({.url = server.url("/stream")})->body == "onetwothree");
}

TEST_CASE("curl: failures are told apart") {
  const HttpServer server({"tcp"});
  const ClosedPort closed;
  const auto transport = http::curl_transport();
  const auto error = [&](const http::Request& request) {
    const auto response = transport->send(request);
    REQUIRE_FALSE(response);
    return response.error();
  };
  const auto refused = error({.url = "http://127.0.0.1:" + std::to_string(closed.port) + "/x?secret"});
  CHECK(refused.kind == ErrorKind::unavailable);
  CHECK(refused.code == "refused");
  CHECK(refused.message == "cannot connect to http://127.0.0.1:" + std::to_string(closed.port) + "/x");
  CHECK_FALSE(refused.quoted.empty());
  CHECK(error({.url = "http://h/", .unix_socket = "/no/such.sock"}).code == "refused");
  CHECK(error({.url = "http://h/", .unix_socket = "/no/such.sock"}).message ==
        "cannot connect to /no/such.sock");
  CHECK(error({.url = server.url("/cut")}).code == "cut");
  CHECK(error({.url = server.url("/nothing")}).code == "cut");
  CHECK(error({.url = server.url("/slow"), .timeout = 50ms}).kind == ErrorKind::timeout);
  CHECK(error({.url = "http://127.0.0.1:" + server.place() + "0000/"}).kind == ErrorKind::invalid);
  CHECK(error({.url = "file:///etc/passwd"}).kind == ErrorKind::invalid);
  CHECK(error({.url = "https://127.0.0.1:" + server.place() + "/"}).code == "tls");
  // A label of over 63 bytes is no name: the resolver says so without asking anybody.
  CHECK(error({.url = "http://" + std::string(64, 'a') + ".invalid/"}).code == "resolve");
}

TEST_CASE("curl: a connection that this process has no descriptor for was not refused by the other side") {
  const auto transport = http::curl_transport();
  const http::Request request{.url = "http://h/", .unix_socket = "/no/such.sock"};
  REQUIRE(transport->send(request).error().code == "refused");
  const int lowest_free = ::dup(0);
  REQUIRE(lowest_free >= 0);
  ::close(lowest_free);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest_free), .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto response = transport->send(request);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(response.error().code == "other");
  CHECK(response.error().quoted == "Too many open files");
  CHECK(transport->send(request).error().code == "refused");
}

TEST_CASE("curl: a header or a method that would smuggle another line is refused") {
  const HttpServer server({"tcp"});
  const auto transport = http::curl_transport();
  for (const auto& [name, value] :
       http::Headers{{"X", "a\r\nY: b"}, {"X", "a\n"}, {"X\r\nY", "b"}, {"X:", "b"}, {"", "b"}})
    CHECK(transport->send({.url = server.url("/"), .headers = {{name, value}}}).error().kind ==
          ErrorKind::invalid);
  CHECK(transport->send({.method = "GET / HTTP/1.1\r\n", .url = server.url("/")}).error().kind ==
        ErrorKind::invalid);
}

TEST_CASE("curl: Unix sockets are spoken to") {
  const fakes::TempFolder folder;
  const HttpServer server({folder / "s.sock"});
  const auto transport = http::curl_transport();
  const auto response = transport->send(
      {.method = "POST", .url = "http://mdl/v1/ping", .unix_socket = folder / "s.sock", .body = "x"});
  const auto echo = echoed(response);
  CHECK(echo["path"] == Value("/v1/ping"));
  CHECK(values(echo, "Host") == std::vector<std::string>{"mdl"});
  CHECK(echo["body"] == Value("x"));
}

TEST_CASE("curl: a certificate is verified, against SSL_CERT_FILE when that is set") {
  const fakes::TempFolder folder;
  const auto made =
      run({.arguments = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                         "-nodes", "-keyout", folder / "key", "-out", folder / "certificate", "-days", "2",
                         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"}});
  REQUIRE(made);
  REQUIRE(made->status == 0);
  REQUIRE(run({.arguments = {"sh", "-c", "cat key certificate > both"}, .folder = folder.path()})->status ==
          0);
  const HttpServer server({"tls", folder / "both"});
  const http::Request request{.url = "https://127.0.0.1:" + server.place() + "/"};
  CHECK(http::curl_transport()->send(request).error().code == "tls");
  const Variable file("SSL_CERT_FILE", folder / "certificate");
  const auto trusted = http::curl_transport()->send(request);
  CHECK(echoed(trusted)["method"] == Value("GET"));
}

TEST_CASE("curl: a proxy is used, but never for this machine") {
  const HttpServer server({"tcp"});
  const ClosedPort closed;
  const auto through = [](const std::string& proxy, const std::string& url) {
    const Variable set("http_proxy", proxy);
    return http::curl_transport()->send({.url = url});
  };
  const auto other = through(server.url(""), "http://example.invalid/x");
  const auto here = through("http://127.0.0.1:" + std::to_string(closed.port), server.url("/x"));
  CHECK(echoed(other)["path"] == Value("http://example.invalid/x"));
  CHECK(echoed(here)["path"] == Value("/x"));
}

TEST_CASE("curl: threads share a transport") {
  const HttpServer server({"tcp"});
  const auto transport = http::curl_transport();
  std::vector<std::thread> threads;
  std::vector<int> fine(12);
  for (std::size_t i = 0; i < fine.size(); ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < 5; ++n) {
        const auto response = transport->send({.url = server.url("/" + std::to_string(i))});
        fine[i] +=
            response && parse_json(response->body).value()["path"] == Value("/" + std::to_string(i)) ? 1 : 0;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(fine == std::vector<int>(fine.size(), 5));
}
