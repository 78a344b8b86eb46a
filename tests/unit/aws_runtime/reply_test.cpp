#include "providers/aws/runtime/reply.hpp"

#include <doctest/doctest.h>

#include "core/util/base64.hpp"
#include "core/util/value.hpp"

using namespace mdl;
using namespace mdl::aws::runtime;

namespace {

Value reply(EventKind kind, Response response, bool head = false) {
  const auto made = make_reply(kind, response, head);
  const auto value = parse_json(made.payload);
  REQUIRE_MESSAGE(value, made.payload);
  return *value;
}

std::vector<std::string> names(const Value& object) {
  std::vector<std::string> all;
  for (const auto& [name, value] : object.as_object()) all.push_back(name);
  return all;
}

Response text(std::string type, std::string body) {
  return {.status = 200, .headers = {{"Content-Type", std::move(type)}}, .body = std::move(body)};
}

}  // namespace

TEST_CASE("runtime: C30 payload 2.0 has its five members and no others") {
  const auto value = reply(EventKind::http, text("application/json", "{}"));
  CHECK(names(value) ==
        std::vector<std::string>{"statusCode", "headers", "cookies", "body", "isBase64Encoded"});
  CHECK(value["statusCode"].as_integer() == 200);
  CHECK(value["headers"]["content-type"].as_string() == "application/json");
  CHECK(value["body"].as_string() == "{}");
  CHECK(!value["isBase64Encoded"].as_bool(true));
}

TEST_CASE("runtime: C31 every Set-Cookie is a cookie, and no header") {
  const auto value = reply(
      EventKind::http,
      {.status = 200, .headers = {{"Set-Cookie", "a=1; Path=/"}, {"set-cookie", "b=2, c"}}, .body = ""});
  CHECK(value["cookies"].as_strings() == std::vector<std::string>{"a=1; Path=/", "b=2, c"});
  CHECK(!value["headers"].contains("set-cookie"));
}

TEST_CASE("runtime: C32 a repeated header is joined by a comma") {
  const auto value = reply(
      EventKind::http, {.status = 200, .headers = {{"Vary", "a"}, {"x", "1"}, {"vary", "b"}}, .body = ""});
  CHECK(value["headers"]["vary"].as_string() == "a,b");
}

TEST_CASE("runtime: C33 C35 payload 1.0 and WebSocket use the map with several values") {
  for (const auto kind : {EventKind::rest, EventKind::websocket}) {
    const auto value = reply(
        kind,
        {.status = 201, .headers = {{"Set-Cookie", "a"}, {"set-cookie", "b"}, {"X", "1"}}, .body = "ok"});
    CHECK(names(value) ==
          std::vector<std::string>{"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"});
    CHECK(value["headers"].as_object().empty());
    CHECK(value["multiValueHeaders"]["set-cookie"].as_strings() == std::vector<std::string>{"a", "b"});
    CHECK(value["multiValueHeaders"]["x"].as_strings() == std::vector<std::string>{"1"});
  }
}

TEST_CASE("runtime: C34 C35 a load balancer gets both maps and a description of the status") {
  const auto value =
      reply(EventKind::balancer, {.status = 200, .headers = {{"Vary", "a"}, {"vary", "b"}}, .body = ""});
  CHECK(names(value) == std::vector<std::string>{"statusCode", "statusDescription", "headers",
                                                 "multiValueHeaders", "body", "isBase64Encoded"});
  CHECK(value["statusDescription"].as_string() == "200 OK");
  CHECK(value["headers"]["vary"].as_string() == "a,b");
  CHECK(value["multiValueHeaders"]["vary"].as_strings() == std::vector<std::string>{"a", "b"});
  CHECK(reply(EventKind::balancer, {.status = 404})["statusDescription"].as_string() == "404 Not Found");
}

TEST_CASE("runtime: C36 text goes as text, in UTF-8, and as Base64 when its bytes are none") {
  for (const auto* type : {"text/html", "TEXT/plain; charset=UTF-8", "application/json",
                           "application/javascript", "application/xml", "application/yaml",
                           "application/problem+json", "image/svg+xml", "application/x+yaml; a=b"}) {
    const auto value = reply(EventKind::http, text(type, "ü\"\n"));
    CHECK_MESSAGE(value["body"].as_string() == "ü\"\n", type);
    CHECK(!value["isBase64Encoded"].as_bool(true));
  }
  const auto latin = reply(EventKind::http, text("text/html; charset=\"ISO-8859-1\"; x=y", "\xe4 \x80"));
  CHECK(latin["body"].as_string() == "ä €");
  CHECK(latin["headers"]["content-type"].as_string() == "text/html; charset=utf-8; x=y");
  const auto broken = reply(EventKind::http, text("text/plain", "\xff\xfe"));
  CHECK(broken["isBase64Encoded"].as_bool());
  CHECK(broken["body"].as_string() == base64("\xff\xfe"));
  // A charset that is not known here keeps its bytes.
  CHECK(reply(EventKind::http, text("text/plain; charset=shift_jis", "abc"))["isBase64Encoded"].as_bool());
}

TEST_CASE("runtime: C37 C38 an encoded body is Base64, unless it is said to be text") {
  auto response = text("text/html", "abc");
  response.headers.push_back({"Content-Encoding", "gzip"});
  CHECK(reply(EventKind::http, response)["isBase64Encoded"].as_bool());
  response.headers.back().value = "identity";
  CHECK(!reply(EventKind::http, response)["isBase64Encoded"].as_bool(true));
  auto marked = text("application/x-own", "abc");
  marked.headers.push_back({"X-Lambda-Http-Content-Encoding", "text"});
  const auto value = reply(EventKind::http, marked);
  CHECK(value["body"].as_string() == "abc");
  CHECK(!value["isBase64Encoded"].as_bool(true));
  CHECK(!value["headers"].contains("x-lambda-http-content-encoding"));
}

TEST_CASE("runtime: C39 other types are Base64; without a type UTF-8 is text") {
  CHECK(reply(EventKind::http, text("image/png", "abc"))["body"].as_string() == "YWJj");
  CHECK(reply(EventKind::http, text("application/octet-stream", "abc"))["isBase64Encoded"].as_bool());
  CHECK(reply(EventKind::http, {.status = 200, .headers = {}, .body = "ü"})["body"].as_string() == "ü");
  CHECK(reply(EventKind::http, {.status = 200, .headers = {}, .body = "\xe4"})["isBase64Encoded"].as_bool());
}

TEST_CASE("runtime: C40 some answers have no body") {
  for (const int status : {204, 304}) {
    auto response = text("text/plain", "no");
    response.status = status;
    CHECK(reply(EventKind::http, response)["body"].as_string() == "");
  }
  CHECK(reply(EventKind::http, text("text/plain", "no"), true)["body"].as_string() == "");
}

TEST_CASE("runtime: C41 what speaks of one connection is not passed on") {
  const auto value = reply(EventKind::http, {.status = 200,
                                             .headers = {{"Transfer-Encoding", "chunked"},
                                                         {"Connection", "keep-alive, X-Hop"},
                                                         {"X-Hop", "1"},
                                                         {"Keep-Alive", "5"},
                                                         {"X-Kept", "1"}},
                                             .body = "a"});
  CHECK(names(value["headers"]) == std::vector<std::string>{"x-kept"});
}

TEST_CASE("runtime: C42 an event that is no HTTP request gets the body as its result") {
  CHECK(make_reply(EventKind::pass_through, text("application/json", R"({"batchItemFailures": []})"), false)
            .payload == R"({"batchItemFailures": []})");
  const auto other = make_reply(EventKind::pass_through, text("text/plain", "done"), false);
  CHECK(other.payload == "null");
  CHECK(!other.warning.empty());
  const auto empty = make_reply(EventKind::pass_through, {.status = 204}, false);
  CHECK(empty.payload == "null");
  CHECK(empty.warning.empty());
}

TEST_CASE("runtime: C46 a prelude ends with the only NUL bytes, has cookies and a type") {
  const auto prelude = make_prelude(EventKind::http, {.status = 200,
                                                      .headers = {{"Set-Cookie", "a"},
                                                                  {"X", std::string("1\0"
                                                                                    "2",
                                                                                    3)},
                                                                  {"Transfer-Encoding", "chunked"}}});
  REQUIRE(prelude.size() > 8);
  CHECK(prelude.find('\0') == prelude.size() - 8);
  const auto value = parse_json(prelude.substr(0, prelude.size() - 8));
  REQUIRE(value);
  CHECK(names(*value) == std::vector<std::string>{"statusCode", "headers", "cookies"});
  CHECK((*value)["headers"]["content-type"].as_string() == "application/octet-stream");
  CHECK((*value)["cookies"].as_strings() == std::vector<std::string>{"a"});
  CHECK(!(*value)["headers"].contains("transfer-encoding"));
  CHECK(make_prelude(EventKind::rest, {.status = 200}).find("multiValueHeaders") != std::string::npos);
}

TEST_CASE("runtime: C58 an error is JSON whatever its message holds") {
  const auto value = parse_json(make_error("A.B", "a \"quote\"\nline\t\xff\x01\\"));
  REQUIRE(value);
  CHECK(names(*value) == std::vector<std::string>{"errorMessage", "errorType", "stackTrace"});
  CHECK((*value)["errorMessage"].as_string() == "a \"quote\"\nline\t\xEF\xBF\xBD\x01\\");
  CHECK((*value)["errorType"].as_string() == "A.B");
  CHECK((*value)["stackTrace"].is_array());
}

TEST_CASE("runtime: header values in Latin-1 become UTF-8") {
  const auto value =
      reply(EventKind::http, {.status = 200, .headers = {{"X", "\xe4"}, {"Y", "ä"}}, .body = ""});
  CHECK(value["headers"]["x"].as_string() == "ä");
  CHECK(value["headers"]["y"].as_string() == "ä");
}
