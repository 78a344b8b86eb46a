#include "providers/aws/runtime/event.hpp"

#include <doctest/doctest.h>

#include "core/util/base64.hpp"
#include "core/util/value.hpp"

using namespace mdl;
using namespace mdl::aws::runtime;

// The numbers are those of docs/runtime-client.md.
namespace {

Mapped map(std::string event, Settings settings = {}, Invocation invocation = {}) {
  invocation.event = std::move(event);
  return map_event(invocation, settings, "");
}

// A function URL's event; `more` are members that come after these.
std::string url_event(const std::string& path, const std::string& query = "", const std::string& more = "",
                      const std::string& stage = "$default") {
  return R"({"version":"2.0","rawPath":")" + path + R"(","rawQueryString":")" + query +
         R"(","requestContext":{"domainName":"id.execute-api.eu-west-1.amazonaws.com","stage":")" + stage +
         R"(","http":{"method":"GET","path":"/"}})" + (more.empty() ? "" : "," + more) + "}";
}

std::string rest_event(const std::string& more) {
  return R"({"httpMethod":"GET","path":"/a","requestContext":{"stage":"prod","path":"/prod/a"})" +
         (more.empty() ? "" : "," + more) + "}";
}

std::string balancer_event(const std::string& more) {
  return R"({"httpMethod":"GET","path":"/a","requestContext":{"elb":{"targetGroupArn":"arn"}})" +
         (more.empty() ? "" : "," + more) + "}";
}

std::string header(const Mapped& mapped, std::string_view name) {
  return std::string(value_of(mapped.request.headers, name));
}

int count(const Mapped& mapped, std::string_view name) {
  int found = 0;
  for (const auto& item : mapped.request.headers) found += same_name(item.name, name) ? 1 : 0;
  return found;
}

}  // namespace

TEST_CASE("runtime: C1 C2 C3 C4 an event's kind is told by its members") {
  CHECK(map(rest_event("")).kind == EventKind::rest);
  CHECK(map(url_event("/")).kind == EventKind::http);
  CHECK(map(balancer_event("")).kind == EventKind::balancer);
  const auto socket =
      map(R"({"requestContext":{"connectionId":"c1","stage":"prod","routeKey":"$default"},"body":"hi"})");
  CHECK(socket.kind == EventKind::websocket);
  CHECK(socket.request.method == "POST");
  CHECK(socket.request.body == "hi");
}

TEST_CASE("runtime: C5 other events are posted as they came") {
  for (const std::string event :
       {R"({"Records": [ {"body":"\u00e4"} ]})", "\"text\"", "[1, 2]", "null", "not even JSON"}) {
    const auto mapped = map(event);
    CHECK(mapped.kind == EventKind::pass_through);
    CHECK(mapped.request.method == "POST");
    CHECK(mapped.request.target == "/events");
    CHECK(header(mapped, "content-type") == "application/json");
    CHECK(mapped.request.body == event);
    CHECK(!mapped.refused);
  }
  Settings settings;
  settings.pass_through = "/queue";
  CHECK(map("{}", settings).request.target == "/queue");
}

TEST_CASE("runtime: C6 a stray version or headers does not make an event an HTTP request") {
  for (const std::string event : {R"({"version":"2.0"})", R"({"headers":{"a":"b"},"body":"x"})",
                                  R"({"version":"2.0","requestContext":{}})", R"({"httpMethod":"GET"})",
                                  R"({"version":2.0,"requestContext":{"http":"no"}})"})
    CHECK(map(event).kind == EventKind::pass_through);
}

TEST_CASE("runtime: C7 a raw path is sent as it came") {
  CHECK(map(url_event("/pa2%Fth/1")).request.target == "/pa2%Fth/1");
  CHECK(map(url_event("/a%20b/%C3%A4//c;d=1")).request.target == "/a%20b/%C3%A4//c;d=1");
  // But it cannot end the request line, nor begin the query.
  CHECK(map(url_event("/a b\\r\\nx: y?z#f")).request.target == "/a%20b%0D%0Ax:%20y%3Fz%23f");
  CHECK(map(url_event("")).request.target == "/");
}

TEST_CASE("runtime: C8 a named stage is taken off, $default has none") {
  CHECK(map(url_event("/prod/a", "", "", "prod")).request.target == "/a");
  CHECK(map(url_event("/prod", "", "", "prod")).request.target == "/");
  CHECK(map(url_event("/product", "", "", "prod")).request.target == "/product");
  CHECK(map(url_event("/$default/a")).request.target == "/$default/a");
  CHECK(map(rest_event("")).request.target == "/a");
  // Under a domain of one's own the path does not hold the stage.
  CHECK(
      map(R"({"version":"2.0","rawPath":"/prod/a","requestContext":{"domainName":"api.example.com","stage":"prod","http":{"method":"GET"}}})")
          .request.target == "/prod/a");
}

TEST_CASE("runtime: C9 a base path is taken off once, where it ends at a slash") {
  Settings settings;
  settings.base_path = "/prod";
  CHECK(map(url_event("/prod/a"), settings).request.target == "/a");
  CHECK(map(url_event("/prod/prod"), settings).request.target == "/prod");
  CHECK(map(url_event("/prod"), settings).request.target == "/");
  CHECK(map(url_event("/product"), settings).request.target == "/product");
  CHECK(map(url_event("/x/prod/a"), settings).request.target == "/x/prod/a");
}

TEST_CASE("runtime: C10 C11 a raw query is sent as it came, and an empty one not at all") {
  CHECK(map(url_event("/", "a=1&a=2&b=x+y%20z&c=&d")).request.target == "/?a=1&a=2&b=x+y%20z&c=&d");
  CHECK(map(url_event("/", "")).request.target == "/");
  CHECK(map(url_event("/", "a=b c\\r\\n")).request.target == "/?a=b%20c%0D%0A");
}

TEST_CASE("runtime: C12 values of payload 1.0 come decoded and are encoded once, all of them") {
  const auto mapped = map(rest_event(
      R"("queryStringParameters":{"a":"2"},"multiValueQueryStringParameters":{"a":["1","x y&z"],"ü":["%"]})"));
  CHECK(mapped.request.target == "/a?a=1&a=x%20y%26z&%C3%BC=%25");
  CHECK(map(rest_event(R"("queryStringParameters":{"a":"1 2"})")).request.target == "/a?a=1%202");
}

TEST_CASE("runtime: C13 values of a load balancer come encoded and are not encoded again") {
  CHECK(map(balancer_event(R"("queryStringParameters":{"a":"x%20y","b":"c+d"})")).request.target ==
        "/a?a=x%20y&b=c+d");
  CHECK(map(balancer_event(R"("multiValueQueryStringParameters":{"a%20":["1","%2F"]})")).request.target ==
        "/a?a%20=1&a%20=%2F");
}

TEST_CASE("runtime: C14 null, absent and empty mean the same") {
  const auto expected = map(rest_event("")).request;
  for (const std::string value : {"null", "{}"}) {
    const auto mapped = map(rest_event(
        R"("headers":)" + value + R"(,"multiValueHeaders":)" + value + R"(,"queryStringParameters":)" +
        value + R"(,"multiValueQueryStringParameters":)" + value + R"(,"body":null,"pathParameters":null)"));
    CHECK(mapped.request.target == expected.target);
    CHECK(mapped.request.headers == expected.headers);
    CHECK(mapped.request.body.empty());
  }
  CHECK(map(url_event("/", "", R"("headers":null,"cookies":null,"body":null)")).request.body.empty());
}

TEST_CASE("runtime: C15 cookies become one Cookie header, in place of any other") {
  const auto mapped = map(url_event("/", "", R"("headers":{"cookie":"stale=1"},"cookies":["a=1","b=2; c"])"));
  CHECK(count(mapped, "cookie") == 1);
  CHECK(header(mapped, "cookie") == "a=1; b=2; c");
  CHECK(header(map(url_event("/", "", R"("headers":{"cookie":"a=1"},"cookies":[])")), "cookie") == "a=1");
}

TEST_CASE("runtime: C16 multi-value headers win, and no header comes twice") {
  const auto mapped =
      map(balancer_event(R"("headers":{"X-A":"2","X-B":"3"},"multiValueHeaders":{"x-a":["1","2"]})"));
  CHECK(count(mapped, "x-a") == 2);
  CHECK(header(mapped, "x-a") == "1");
  CHECK(header(mapped, "x-b") == "3");
}

TEST_CASE("runtime: C17 a comma-joined value is passed whole") {
  const auto mapped = map(url_event("/", "", R"("headers":{"accept":"a,b, c"})"));
  CHECK(count(mapped, "accept") == 1);
  CHECK(header(mapped, "accept") == "a,b, c");
}

TEST_CASE("runtime: C18 C66 trace and tenant are the runtime API's") {
  Invocation invocation;
  invocation.trace = "Root=1-real";
  invocation.tenant = "blue";
  const auto event =
      url_event("/", "", R"("headers":{"x-amzn-trace-id":"Root=1-client","X-Amz-Tenant-Id":"forged"})");
  auto mapped = map(event, {}, invocation);
  CHECK(header(mapped, "x-amzn-trace-id") == "Root=1-real");
  CHECK(count(mapped, "x-amzn-trace-id") == 1);
  CHECK(header(mapped, "x-amz-tenant-id") == "blue");
  mapped = map(event);
  CHECK(header(mapped, "x-amzn-trace-id") == "Root=1-client");
  CHECK(count(mapped, "x-amz-tenant-id") == 0);
}

TEST_CASE("runtime: C19 contexts that a client sends are never believed") {
  Invocation invocation;
  invocation.event = url_event(
      "/", "", R"("headers":{"x-amzn-request-context":"{\"forged\":1}","X-Amzn-Lambda-Context":"forged"})");
  const auto mapped = map_event(invocation, {}, "{\"request_id\":\"r\"}");
  CHECK(count(mapped, "x-amzn-request-context") == 1);
  CHECK(header(mapped, "x-amzn-request-context").find("execute-api") != std::string::npos);
  CHECK(count(mapped, "x-amzn-lambda-context") == 1);
  CHECK(header(mapped, "x-amzn-lambda-context") == "{\"request_id\":\"r\"}");
  CHECK(count(map(R"({"a":1})"), "x-amzn-request-context") == 0);
}

TEST_CASE("runtime: C20 Host is the header, else the domain") {
  CHECK(header(map(url_event("/", "", R"("headers":{"Host":"a.example"})")), "host") == "a.example");
  CHECK(header(map(url_event("/")), "host") == "id.execute-api.eu-west-1.amazonaws.com");
  CHECK(header(map(balancer_event("")), "host") == "localhost");
}

TEST_CASE("runtime: C21 header values beyond ASCII pass") {
  const auto mapped = map(url_event("/", "", R"("headers":{"x-a":"gr\u00fc\u00dfe","x-b":"日本"})"));
  CHECK(header(mapped, "x-a") == "grüße");
  CHECK(header(mapped, "x-b") == "日本");
  CHECK(!mapped.refused);
}

TEST_CASE("runtime: C22 a header that would end early, or a name that is none, is refused") {
  for (const std::string value : {R"("a\r\nb: c")", R"("a\nb")", R"("a\u0000b")"})
    CHECK(map(url_event("/", "", R"("headers":{"x-a":)" + value + "}")).refused);
  for (const std::string name : {"a b", "a:b", "", "a\\r\\nb"})
    CHECK(map(url_event("/", "", R"("headers":{")" + name + R"(":"1"})")).refused);
  CHECK(map(R"({"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET / HTTP/1.1"}}})")
            .refused);
}

TEST_CASE("runtime: C23 what speaks of one connection is dropped, the length too") {
  const auto mapped = map(url_event(
      "/", "",
      R"("headers":{"connection":"close, X-Hop","x-hop":"1","keep-alive":"5","te":"trailers","transfer-encoding":"chunked",)"
      R"("upgrade":"h2c","proxy-authorization":"p","expect":"100-continue","content-length":"99","x-kept":"1"},"body":"abc")"));
  for (const auto* name : {"connection", "x-hop", "keep-alive", "te", "transfer-encoding", "upgrade",
                           "proxy-authorization", "expect", "content-length"})
    CHECK_MESSAGE(count(mapped, name) == 0, name);
  CHECK(header(mapped, "x-kept") == "1");
}

TEST_CASE("runtime: C24 a header can stand for Authorization; without it there is a warning") {
  Settings settings;
  settings.authorization = "x-token";
  const auto mapped =
      map(url_event("/", "", R"("headers":{"X-Token":"Bearer 1","authorization":"AWS4"})"), settings);
  CHECK(header(mapped, "authorization") == "Bearer 1");
  CHECK(count(mapped, "authorization") == 1);
  CHECK(count(mapped, "x-token") == 0);
  const auto without = map(url_event("/", "", R"("headers":{"authorization":"AWS4"})"), settings);
  CHECK(header(without, "authorization") == "AWS4");
  CHECK(!without.warning.empty());
  CHECK(!without.refused);
}

TEST_CASE("runtime: C25 C26 C28 bodies are decoded, with any byte in them, and bad Base64 is refused") {
  const std::string bytes("\0\xff\r\nmultipart", 13);
  CHECK(map(url_event("/", "", R"("isBase64Encoded":true,"body":")" + base64(bytes) + "\"")).request.body ==
        bytes);
  CHECK(map(url_event("/", "", R"("body":"a\u0000\u00fc\ud83d\ude00\"\\\n")")).request.body ==
        std::string("a\0ü😀\"\\\n", 11));
  CHECK(map(url_event("/", "", R"("isBase64Encoded":true,"body":"a b!")")).refused);
  CHECK(map(url_event("/", "", R"("isBase64Encoded":true,"body":null)")).request.body.empty());
}

TEST_CASE("runtime: C67 the invocation's own data comes as one line of JSON") {
  Invocation invocation{.id = "8476",
                        .deadline = "1700000000123",
                        .arn = "arn:aws:lambda",
                        .trace = "Root=1",
                        .client_context = R"({"custom": {"long":")" + std::string(3500, 'x') + "\"}}"};
  const auto text = lambda_context(invocation, R"({"memory":"128"})");
  const auto value = parse_json(text);
  REQUIRE(value);
  CHECK((*value)["request_id"].as_string() == "8476");
  CHECK((*value)["deadline"].as_integer() == 1700000000123);
  CHECK((*value)["client_context"]["custom"]["long"].as_string().size() == 3500);
  CHECK((*value)["identity"].is_null());
  CHECK((*value)["env_config"]["memory"].as_string() == "128");
  invocation.deadline = "soon";
  invocation.client_context = "not JSON\r\n";
  CHECK(parse_json(lambda_context(invocation, "{}")));
  CHECK(is_value(lambda_context(invocation, "{}")));
}
