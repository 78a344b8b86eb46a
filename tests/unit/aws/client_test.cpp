#include <doctest/doctest.h>

#include "providers/aws/client/errors.hpp"
#include "tests/unit/aws/around.hpp"

using namespace mdl;
using test::Around;

namespace {

struct Bench : Around {
  Bench() {
    variables["AWS_ACCESS_KEY_ID"] = "AKIAEXAMPLE";
    variables["AWS_SECRET_ACCESS_KEY"] = "very-secret";
    variables["AWS_REGION"] = "eu-central-1";
    auto opened = aws::Client::open(client_options());
    REQUIRE(opened);
    client = *opened;
  }
  Result<Value> get() { return client->rest({.operation = "GetFunction", .resource = "f", .path = "/f"}); }
  std::shared_ptr<aws::Client> client;
};

std::string header_of(const http::Request& request, const std::string& name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return {};
}

}  // namespace

TEST_CASE("aws client: requests are signed for their service and region") {
  Bench bench;
  bench.script.answer(200, {}, R"({"a":1})").answer(200, {}, "<R><A>x</A></R>").answer(200, {}, "{}");
  CHECK((*bench.get())["a"].as_integer() == 1);
  CHECK(header_of(bench.script.asked[0], "Authorization")
            .find("AKIAEXAMPLE/20261124/eu-central-1/lambda/aws4_request") != std::string::npos);
  CHECK(bench.client->query(aws::Service::iam, "GetRole", {{"RoleName", "a b"}}, true)->text_of("A") == "x");
  CHECK(bench.script.asked[1].body == "Action=GetRole&Version=2010-05-08&RoleName=a%20b");
  CHECK(header_of(bench.script.asked[1], "Authorization").find("/us-east-1/iam/") != std::string::npos);
  REQUIRE(bench.client->json(aws::Service::ssm, "PutParameter", Value::object({{"Name", "/x"}}), false));
  CHECK(header_of(bench.script.asked[2], "X-Amz-Target") == "AmazonSSM.PutParameter");
  CHECK(bench.client->operations() ==
        std::vector<std::string>{"lambda:GetFunction f", "iam:GetRole", "ssm:PutParameter"});
}

TEST_CASE("aws client: throttling is retried with whatever status it comes") {
  Bench bench;
  bench.script.answer(429, {{"Retry-After", "2"}}, R"({"Reason":"CallerRateLimitExceeded"})")
      .answer(400, {}, R"({"__type":"com.amazonaws#ThrottlingException","message":"Rate exceeded"})")
      .answer(200, {}, "{}");
  CHECK(bench.get());
  CHECK(bench.script.asked.size() == 3);
  CHECK(bench.sleeper.slept().front() == Milliseconds{2'000});
}

TEST_CASE("aws client: a clock that is off is corrected once, by what AWS says") {
  Bench bench;
  const auto refused =
      R"({"__type":"InvalidSignatureException","message":"Signature expired: 20261124T120000Z"})";
  bench.script.answer(403, {{"Date", "Tue, 24 Nov 2026 12:20:00 GMT"}}, refused).answer(200, {}, "{}");
  CHECK(bench.get());
  CHECK(header_of(bench.script.asked[0], "X-Amz-Date") == "20261124T120000Z");
  CHECK(header_of(bench.script.asked[1], "X-Amz-Date") == "20261124T122000Z");
  // What was found is kept, and a refusal that is not the clock's is not repeated.
  bench.script.answer(403, {{"Date", "Tue, 24 Nov 2026 12:20:00 GMT"}}, refused);
  CHECK(bench.get().error().kind == ErrorKind::denied);
  CHECK(header_of(bench.script.asked[2], "X-Amz-Date") == "20261124T122000Z");
  CHECK(bench.script.asked.size() == 3);
}

TEST_CASE("aws client: errors carry AWS's code and words, and say what may be done") {
  const auto of = [](int status, const char* body, const char* type = "") {
    return aws::error_of({.status = status, .headers = {{"x-amzn-ErrorType", type}}, .body = body}, "X");
  };
  auto error = of(404, R"({"Type":"User","Message":"Function not found: arn:f"})",
                  "ResourceNotFoundException:http://x");
  CHECK(error.kind == ErrorKind::not_found);
  CHECK(error.code == "ResourceNotFoundException");
  CHECK(error.quoted == "Function not found: arn:f");
  CHECK(of(412, R"({"message":"The Revision Id"})", "PreconditionFailedException").kind ==
        ErrorKind::conflict);
  CHECK(of(409, "{}", "ResourceConflictException").kind == ErrorKind::conflict);
  CHECK(of(400, R"({"__type":"ParameterAlreadyExists","message":"exists"})").kind == ErrorKind::conflict);
  CHECK(of(400, R"({"__type":"ParameterNotFound"})").kind == ErrorKind::not_found);
  CHECK(of(403, "").kind == ErrorKind::denied);
  CHECK(of(403, "").code == "403");
  CHECK(of(400, R"({"__type":"ExpiredTokenException"})").kind == ErrorKind::denied);
  CHECK(of(503, "<html>").kind == ErrorKind::unavailable);
  CHECK(of(400, "{}", "InvalidParameterValueException").kind == ErrorKind::invalid);
  error = of(404,
             "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no "
             "role</Message></Error></ErrorResponse>");
  CHECK(error.kind == ErrorKind::not_found);
  CHECK(error.quoted == "no role");
}

TEST_CASE("aws client: no error and no operation holds a secret") {
  Bench bench;
  bench.script.answer(403, {}, R"({"message":"The request signature we calculated does not match"})");
  const auto error = bench.get().error();
  for (const auto& text : {error.message, error.code, error.quoted, error.resource})
    CHECK(text.find("very-secret") == std::string::npos);
}

TEST_CASE("aws client: without a region nothing is asked, and the error says where to set one") {
  Around around;
  around.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  const auto opened = aws::Client::open(around.client_options());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind == ErrorKind::invalid);
  CHECK(around.script.asked.empty());
}

TEST_CASE("aws xml: what the query services answer, and nothing that is not well formed") {
  const auto xml = aws::parse_xml(
      "<?xml version=\"1.0\"?>\n<!-- a --><A xmlns=\"x\"><b:B c='>'>1 &lt; 2 "
      "&#x263A;<![CDATA[<&]]></b:B><C/><B>no</B></A>\n");
  REQUIRE(xml);
  CHECK(xml->text_of("B") == "1 < 2 \xE2\x98\xBA<&");
  CHECK(xml->find("C") != nullptr);
  CHECK(xml->text_of("D").empty());
  for (const auto* bad :
       {"", "<A>", "<A></B>", "<A b></A>", "<A>&x;</A>", "<A>&#0;</A>", "<A>&#xD800;</A>", "<A/><B/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "text", "<A><![CDATA[</A>", "<A b='></A>"})
    CHECK_MESSAGE(!aws::parse_xml(bad), bad);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  CHECK_FALSE(aws::parse_xml(deep));
}
