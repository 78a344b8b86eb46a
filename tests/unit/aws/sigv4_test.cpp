#include "providers/aws/auth/sigv4.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "core/util/value.hpp"

using namespace mdl;
using namespace mdl::aws;

namespace {

const Value& suite() {
  static const Value value = [] {
    auto text = read_file(MDL_SOURCE_DIR "/tests/unit/aws/sigv4_suite.json");
    REQUIRE(text);
    auto parsed = parse_json(*text);
    REQUIRE(parsed);
    return *parsed;
  }();
  return value;
}

// A request as the suite writes it: "GET /path HTTP/1.1", headers, an empty line, the body.
http::Request request_of(std::string_view text) {
  http::Request request;
  const auto line = text.substr(0, text.find('\n'));
  request.method = line.substr(0, line.find(' '));
  const auto target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
  const auto body = text.find("\n\n");
  if (body != std::string_view::npos) request.body = text.substr(body + 2);
  for (const auto header : split(text.substr(0, body), '\n')) {
    if (header == line || header.empty()) continue;
    if (header.starts_with(' ')) {
      request.headers.back().second.append("\n").append(header);
      continue;
    }
    const auto colon = header.find(':');
    request.headers.emplace_back(header.substr(0, colon), header.substr(colon + 1));
  }
  request.url = "https://example.amazonaws.com" + std::string(target);
  return request;
}

struct Case {
  http::Request request;
  Credentials credentials;
  Signing signing;
  std::chrono::seconds expires{0};
};

Case case_of(const Value& value) {
  const auto& context = value["context"];
  Case made;
  made.request = request_of(value["request"].as_string());
  made.credentials = {.access_key = context["credentials"]["access_key_id"].as_string(),
                      .secret_key = context["credentials"]["secret_access_key"].as_string(),
                      .session_token = context["credentials"]["token"].as_string()};
  made.signing = {.region = context["region"].as_string(),
                  .service = context["service"].as_string(),
                  .now = *parse_rfc3339(context["timestamp"].as_string()),
                  .normalize_path = context["normalize"].as_bool(),
                  .encode_twice = false,  // the suite's paths come encoded once
                  .payload_header = context["sign_body"].as_bool(),
                  .sign_token = !context["omit_session_token"].as_bool()};
  made.expires = std::chrono::seconds{context["expiration_in_seconds"].as_integer()};
  return made;
}

}  // namespace

TEST_CASE("aws sigv4: every complete case of the published suite, in headers and in the query") {
  int complete = 0;
  for (const auto& [name, value] : suite()["cases"].as_object()) {
    if (!value.contains("context")) continue;
    ++complete;
    INFO(name);
    const auto [request, credentials, signing, expires] = case_of(value);
    auto with_headers = request;
    sign(with_headers, credentials, signing);
    const auto canonical = canonical_request(with_headers, signing);
    CHECK(canonical == value["header-canonical-request"].as_string());
    CHECK(string_to_sign(canonical, signing) == value["header-string-to-sign"].as_string());
    std::string authorization;
    for (const auto& [header, text] : with_headers.headers)
      if (header == "Authorization") authorization = text;
    CHECK(authorization.ends_with("Signature=" + value["header-signature"].as_string()));
    const auto& signed_request = value["header-signed-request"].as_string();
    CHECK(signed_request.find("Authorization:" + authorization + "\n") != std::string::npos);

    auto query_signing = signing;
    query_signing.payload_header = false;
    const auto url = presign(request, credentials, query_signing, expires);
    CHECK(url.find("X-Amz-Signature=" + value["query-signature"].as_string()) != std::string::npos);
    const auto& wanted = value["query-signed-request"].as_string();
    const auto target = wanted.substr(wanted.find(' ') + 1, wanted.find(" HTTP/1.1") - wanted.find(' ') - 1);
    // The canonical URL of a path that is no URL by itself is left to the HTTP library.
    if (target.find(' ') == std::string::npos) CHECK(url == "https://example.amazonaws.com" + target);
  }
  CHECK(complete == 38);
}

TEST_CASE("aws sigv4: a path that is encoded once is encoded once more, but for s3") {
  int found = 0;
  for (const auto* name : {"double-encode-path", "double-url-encode"}) {
    const auto& value = suite()["cases"][name];
    auto request = request_of(value["request"].as_string());
    const Signing signing{.region = "us-east-1", .service = "service", .now = {}};
    for (auto& header : request.headers)
      if (header.first == "X-amz-date") header.second = "20210511T154045Z";  // the suite's own files differ
    CHECK(canonical_request(request, signing) == value["header-canonical-request"].as_string());
    ++found;
  }
  CHECK(found == 2);
}

TEST_CASE("aws sigv4: signing again replaces what the first attempt signed") {
  const Credentials first{.access_key = "AKIDEXAMPLE", .secret_key = "secret", .session_token = "old"};
  const Credentials second{.access_key = "AKIDEXAMPLE", .secret_key = "secret", .session_token = "new"};
  Signing signing{.region = "us-east-1", .service = "lambda", .now = Time{std::chrono::hours{1}}};
  http::Request once{.method = "GET", .url = "https://lambda.us-east-1.amazonaws.com:443/x"};
  auto twice = once;
  sign(twice, first, signing);
  signing.now += std::chrono::seconds{5};
  sign(once, second, signing);
  sign(twice, second, signing);
  CHECK(once.headers == twice.headers);
  // The usual port is not in the Host that is sent.
  CHECK(canonical_request(once, signing).find("host:lambda.us-east-1.amazonaws.com\n") != std::string::npos);
}

TEST_CASE("aws sigv4: an unsigned payload says so instead of the body's hash") {
  const Signing signing{.region = "r", .service = "s3", .unsigned_payload = true, .payload_header = true};
  http::Request request{.method = "PUT", .url = "https://bucket.example/key", .body = "large"};
  sign(request, {.access_key = "a", .secret_key = "b"}, signing);
  CHECK(canonical_request(request, signing).ends_with("\nUNSIGNED-PAYLOAD"));
  CHECK(std::ranges::find(request.headers,
                          std::pair<std::string, std::string>("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")) !=
        request.headers.end());
}
