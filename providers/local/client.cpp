#include "providers/local/client.hpp"

#include <array>
#include <utility>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::local {

namespace {

constexpr std::array kinds{ErrorKind::invalid, ErrorKind::not_found,   ErrorKind::conflict,
                           ErrorKind::denied,  ErrorKind::unavailable, ErrorKind::timeout,
                           ErrorKind::refused, ErrorKind::failed,      ErrorKind::interrupted,
                           ErrorKind::internal};

ErrorKind kind_of(const std::string& word, int status) {
  for (const auto kind : kinds)
    if (word == to_string(kind)) return kind;
  switch (status) {
    case 400:
    case 405:
    case 413:
      return ErrorKind::invalid;
    case 401:
    case 403:
      return ErrorKind::denied;
    case 404:
      return ErrorKind::not_found;
    case 409:
    case 412:
      return ErrorKind::conflict;
    case 408:
    case 504:
      return ErrorKind::timeout;
    case 502:
    case 503:
      return ErrorKind::unavailable;
    default:
      return status >= 500 ? ErrorKind::internal : ErrorKind::failed;
  }
}

std::string winner(const Value& body) {
  const auto& record = body["record"];
  std::string text;
  if (const auto number = record["number"].as_integer(); number > 0) {
    text = "release " + std::to_string(number);
    const auto& author = record["author"];
    std::string by = author["name"].as_string();
    if (const auto& commit = author["commit"].as_string(); !commit.empty())
      by += (by.empty() ? "commit " : ", commit ") + commit.substr(0, 7);
    if (!by.empty()) text += " (" + by + ")";
  } else if (const auto release = body["live"]["split"].as_array(); !release.empty()) {
    text = "release " + std::to_string(release.front()["release"].as_integer());
  }
  return text.empty() ? text : "another run won: " + text + " is live";
}

http::Request request_for(const Home& home, const char* method, const std::string& path) {
  return {.method = method,
          .url = "http://mdl" + path,
          .unix_socket = home.socket(),
          .connect_timeout = Milliseconds(2'000),
          .timeout = Milliseconds(30'000)};
}

bool nobody_listens(const Error& error) {
  return error.kind == ErrorKind::unavailable && error.code == "refused";
}

Result<Value> body_of(const http::Response& response) {
  if (response.body.empty()) return Value::object();
  auto body = parse_json(response.body);
  if (!body)
    return fail(Error{.kind = ErrorKind::internal,
                      .message = "the supervisor's answer is not JSON",
                      .quoted = body.error().message,
                      .resource = "supervisor"});
  return body;
}

Result<std::optional<Value>> read_of(const http::Response& response) {
  if (response.status == 404) return std::optional<Value>();
  if (response.status < 200 || response.status >= 300) return fail(error_of(response));
  MDL_TRY(auto body, body_of(response));
  return std::optional<Value>(std::move(body));
}

}  // namespace

std::string service_path(const release::ServiceRef& ref, std::string_view rest) {
  std::string path = "/v1/services/" + percent_encode(ref.service) + "/" + percent_encode(ref.target);
  return path.append(rest);
}

Error error_of(const http::Response& response) {
  const auto parsed = parse_json(response.body);
  const Value body = parsed ? *parsed : Value();
  Error error{.kind = kind_of(body["code"].as_string(), response.status),
              .message = body["message"].as_string(),
              .code = body["code"].as_string(),
              .quoted = body["quoted"].as_string(),
              .resource = body["resource"].as_string(),
              .lines = body["lines"].as_strings()};
  if (error.kind == ErrorKind::conflict)
    if (auto text = winner(body); !text.empty()) error.message = std::move(text);
  if (error.message.empty()) error.message = "the supervisor answered " + std::to_string(response.status);
  if (error.code.empty()) error.code = std::to_string(response.status);
  return error;
}

Result<plan::Live> live_from(const Value& value) {
  if (value.is_null()) return plan::Live{.split = {}, .revision = "0"};
  MDL_TRY(auto split, plan::split_from(value["split"]));
  return plan::Live{.split = std::move(split), .revision = value["revision"].as_string(),
                    .rests_for = static_cast<int>(value["rests_for"].as_integer())};
}

Result<http::Response> SupervisorClient::exchange(const http::Request& request) const {
  auto response = options_.transport.send(request);
  if (response || !nobody_listens(response.error())) return response;
  MDL_CHECK(ensure_supervisor(options_));
  return options_.transport.send(request);
}

Result<std::optional<Value>> SupervisorClient::read(const std::string& path) const {
  if (!exists(options_.home.database())) return std::optional<Value>();
  auto request = request_for(options_.home, "GET", path);
  request.idempotent = true;
  MDL_TRY(auto response, exchange(request));
  return read_of(response);
}

Result<std::optional<Value>> SupervisorClient::peek(const std::string& path) const {
  auto request = request_for(options_.home, "GET", path);
  request.idempotent = true;
  MDL_TRY(auto response, options_.transport.send(request));
  return read_of(response);
}

Result<Value> SupervisorClient::write(const char* method, const std::string& path, const Value& body,
                                      const http::Headers& headers) const {
  auto request = request_for(options_.home, method, path);
  request.headers = headers;
  if (!body.is_null()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = dump(body);
  }
  MDL_TRY(auto response, exchange(request));
  if (response.status < 200 || response.status >= 300) return fail(error_of(response));
  return body_of(response);
}

Result<std::optional<Value>> SupervisorClient::state(const release::ServiceRef& ref) const {
  return read(service_path(ref));
}

}  // namespace mdl::local
