#include <algorithm>
#include <cmath>

#include "core/engine/verify.hpp"
#include "core/util/files.hpp"

namespace mdl::engine {

namespace {

std::string at(const std::string& path, const std::string& text) {
  return path.empty() ? text : path + ": " + text;
}

bool near(double a, double b, double tolerance) {
  return a == b || std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

std::string difference(const Value& expected, const Value& got, double tolerance, const std::string& path) {
  if (expected.is_number() && got.is_number()) {
    if (near(expected.as_number(), got.as_number(), tolerance)) return {};
    return at(path, dump(got) + " is not " + dump(expected));
  }
  if (expected.is_array() && got.is_array()) {
    const auto &a = expected.as_array(), &b = got.as_array();
    if (a.size() != b.size())
      return at(path, std::to_string(b.size()) + " items instead of " + std::to_string(a.size()));
    for (std::size_t i = 0; i < a.size(); ++i)
      if (auto found = difference(a[i], b[i], tolerance, path + "[" + std::to_string(i) + "]");
          !found.empty())
        return found;
    return {};
  }
  if (expected.is_object() && got.is_object()) {
    for (const auto& [name, value] : expected.as_object()) {
      const auto inner = path.empty() ? name : path + "." + name;
      if (!got.contains(name)) return inner + " is missing";
      if (auto found = difference(value, got[name], tolerance, inner); !found.empty()) return found;
    }
    for (const auto& [name, value] : got.as_object())
      if (!expected.contains(name)) return (path.empty() ? name : path + "." + name) + " is not expected";
    return {};
  }
  return expected == got ? std::string() : at(path, dump(got) + " is not " + dump(expected));
}

// A golden request is a JSON file: an object with a text member "path" describes the request (method, path,
// headers, body); any other document is itself the body of a POST to "/".
Result<provider::HttpRequest> read_request(const std::string& file) {
  MDL_TRY(const std::string text, read_file(file));
  MDL_TRY(const Value document, parse_json(text));
  provider::HttpRequest request{
      .method = "POST", .headers = {{"content-type", "application/json"}}, .body = text};
  if (!document["path"].is_string()) return request;
  request.path = document["path"].as_string();
  request.method = document["method"].is_string() ? document["method"].as_string() : "POST";
  const auto& body = document["body"];
  request.body = body.is_null() ? "" : body.is_string() ? body.as_string() : dump(body);
  for (const auto& [name, value] : document["headers"].as_object())
    request.headers.emplace_back(name, value.as_string());
  return request;
}

Result<void> check_one(const ServiceRef& ref, int release, const manifest::Golden& golden,
                       const std::string& folder, Milliseconds timeout, Provider& provider) {
  MDL_TRY(const auto request, read_request(folder + "/" + golden.request));
  MDL_TRY(const auto expected, read_file(folder + "/" + golden.expect));
  MDL_TRY(const auto response, provider.invoke->send(ref, release, request, timeout));
  std::string wrong;
  if (response.status < 200 || response.status > 299) {
    wrong = "answered " + std::to_string(response.status);
  } else {
    wrong = answer_difference(expected, response.body, golden.tolerance);
  }
  if (wrong.empty()) return {};
  Error error{.kind = ErrorKind::failed, .message = "golden request " + golden.request + ": " + wrong};
  error.code = "golden";
  error.resource = "release " + std::to_string(release);
  return fail(std::move(error));
}

}  // namespace

std::string answer_difference(std::string_view expected, std::string_view got, double tolerance) {
  const auto expected_json = parse_json(expected), got_json = parse_json(got);
  if (expected_json && got_json) return difference(*expected_json, *got_json, tolerance, "");
  if (expected_json) return "the answer is not JSON";
  return expected == got ? "" : "the answer differs";
}

Result<int> check_golden(const ServiceRef& ref, int release, const std::vector<manifest::Golden>& golden,
                         const std::string& folder, Milliseconds timeout, Provider& provider) {
  for (const auto& item : golden) MDL_CHECK(check_one(ref, release, item, folder, timeout, provider));
  return static_cast<int>(golden.size());
}

}  // namespace mdl::engine
