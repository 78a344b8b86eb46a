#include "providers/local/client.hpp"

#include <algorithm>
#include <array>
#include <mutex>
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
  return plan::Live{.split = std::move(split),
                    .revision = value["revision"].as_string(),
                    .rests_for = static_cast<int>(value["rests_for"].as_integer())};
}

bool is_older(std::string_view a, std::string_view b) {
  const auto theirs = split(a, '.'), ours = split(b, '.');
  for (std::size_t i = 0; i < std::max(theirs.size(), ours.size()); ++i) {
    const auto left = i < theirs.size() ? parse_integer(theirs[i]).value_or(0) : 0;
    const auto right = i < ours.size() ? parse_integer(ours[i]).value_or(0) : 0;
    if (left != right) return left < right;
  }
  return false;
}

// Commands make calls side by side.
struct SupervisorClient::Seen {
  std::mutex mutex;
  std::string version;
};

SupervisorClient::SupervisorClient(const Options& options)
    : options_(options), seen_(std::make_shared<Seen>()) {}

Result<http::Response> SupervisorClient::send(const http::Request& request) const {
  auto response = options_.transport.send(request);
  if (!response) return response;
  const std::lock_guard lock(seen_->mutex);
  seen_->version = response->header("Mdl-Version");
  return response;
}

Result<http::Response> SupervisorClient::exchange(const http::Request& request) const {
  auto response = send(request);
  if (response || !nobody_listens(response.error())) return response;
  MDL_CHECK(ensure_supervisor(options_));
  return send(request);
}

Result<Value> SupervisorClient::restart() const {
  auto request = request_for(options_.home, "POST", "/v1/restart");
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = dump(Value::object({{"program", options_.program}}));
  MDL_TRY(const auto response, options_.transport.send(request));
  if (response.status != 200) return fail(error_of(response));
  return body_of(response);
}

// One that this version need not understand must not be told what to keep.
Result<void> SupervisorClient::renew() const {
  const std::lock_guard lock(seen_->mutex);
  if (seen_->version.empty() || !is_older(seen_->version, MDL_VERSION)) return {};
  const auto before = std::exchange(seen_->version, "");
  const auto renewed = restart();
  if (renewed) return {};
  auto error = renewed.error();
  error.message = "the supervisor is of version " + before +
                  " and could not be restarted as " MDL_VERSION ": " + error.message;
  error.next = {"mdl doctor"};
  return fail(std::move(error));
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
  MDL_TRY(auto response, send(request));
  return read_of(response);
}

Result<Value> SupervisorClient::write(const char* method, const std::string& path, const Value& body,
                                      const http::Headers& headers) const {
  MDL_CHECK(renew());
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
