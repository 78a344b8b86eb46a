#include "providers/aws/runtime/api.hpp"

#include <algorithm>
#include <charconv>
#include <poll.h>
#include <unistd.h>

#include "core/util/base64.hpp"
#include "providers/aws/runtime/reply.hpp"

namespace mdl::aws::runtime {

namespace {

constexpr std::uint64_t largest_event = 64u << 20;
constexpr std::string_view runtime = "/2018-06-01/runtime";
constexpr int most_tries = 3;
constexpr int pause_ms = 20;

std::string chunk(std::string_view bytes) {
  char size[20];
  const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
  std::string out(size, end);
  ((out += "\r\n") += bytes) += "\r\n";
  return out;
}

Invocation invocation_of(const Incoming& answer) {
  const auto header = [&](std::string_view name) { return std::string(value_of(answer.headers(), name)); };
  return {.id = header("lambda-runtime-aws-request-id"),
          .invocation_id = header("lambda-runtime-invocation-id"),
          .deadline = header("lambda-runtime-deadline-ms"),
          .arn = header("lambda-runtime-invoked-function-arn"),
          .trace = header("lambda-runtime-trace-id"),
          .client_context = header("lambda-runtime-client-context"),
          .identity = header("lambda-runtime-cognito-identity"),
          .tenant = header("lambda-runtime-aws-tenant-id"),
          .event = {}};
}

Headers usual_headers() { return {{"Host", "runtime"}, {"User-Agent", "mdl-runtime"}}; }

}  // namespace

void log(std::string_view text) {
  std::string line = "mdl: ";
  (line += text) += '\n';
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

// One request and its answer, on the connection there is or a new one.
Result<Response> Api::call_once(const Request& request, bool& was_sent) {
  MDL_CHECK(sending_.open(never));
  MDL_CHECK(sending_.send(format_head(request) + request.body, never));
  was_sent = true;
  MDL_TRY(auto incoming, Incoming::begin(sending_, false, never));
  MDL_TRY(auto body, incoming.rest(largest_event, never));
  if (!incoming.keeps_alive()) sending_.close();
  return Response{.status = incoming.status(), .headers = {}, .body = std::move(body)};
}

// An answer whose fate is not known is sent again: the API takes one for each invocation, and says so.
Result<Response> Api::call(const Request& request) {
  repeated_ = false;
  for (int tries = 1;; ++tries) {
    bool was_sent = false;
    auto answer = call_once(request, was_sent);
    if (answer) return answer;
    sending_.close();
    repeated_ = repeated_ || was_sent;
    if (tries == most_tries) return answer;
    if (answer.error().code == "refused") ::poll(nullptr, 0, pause_ms);
  }
}

Result<Invocation> Api::next() {
  const Request request{.method = "GET",
                        .target = std::string(runtime) + "/invocation/next",
                        .headers = usual_headers(),
                        .body = {}};
  for (int tries = 1;; ++tries) {
    auto opened = waiting_.open(never);
    if (opened) opened = waiting_.send(format_head(request), never);
    auto answer = opened ? Incoming::begin(waiting_, false, never) : std::unexpected(opened.error());
    auto body = answer ? answer->rest(largest_event, never) : std::unexpected(answer.error());
    if (body && answer->status() == 200) {
      if (!answer->keeps_alive()) waiting_.close();
      auto invocation = invocation_of(*answer);
      invocation.event = std::move(*body);
      return invocation;
    }
    if (!body) waiting_.close();
    if (!body && body.error().code == "interrupted") return std::unexpected(body.error());
    const bool refused = body && (answer->status() == 403 || answer->status() == 500);
    if (refused || tries == most_tries) {
      if (!body) return std::unexpected(body.error());
      return fail(ErrorKind::failed,
                  "the runtime API answered " + std::to_string(answer->status()) + " to next: " + *body);
    }
    ::poll(nullptr, 0, pause_ms);
  }
}

Request Api::post(std::string path, const Invocation& invocation, std::string_view body) const {
  Request request{.method = "POST",
                  .target = std::string(runtime) + path,
                  .headers = usual_headers(),
                  .body = std::string(body)};
  request.headers.push_back({"Content-Type", "application/json"});
  if (!invocation.invocation_id.empty())
    request.headers.push_back({"Lambda-Runtime-Invocation-Id", invocation.invocation_id});
  return request;
}

Sent Api::judge(int status, std::string_view body, std::string_view what, bool repeated) const {
  if (status >= 200 && status < 300) return Sent::accepted;
  // Its first sending was taken, and the answer to that was lost.
  if (repeated && (status == 400 || status == 403)) return Sent::accepted;
  log("the runtime API answered " + std::to_string(status) + " to " + std::string(what) + ": " +
      std::string(trimmed(body)));
  return status == 403 || status == 500 ? Sent::fatal : Sent::accepted;
}

Sent Api::send(const Request& request, std::string_view what) {
  const auto answer = call(request);
  if (answer) return judge(answer->status, answer->body, what, repeated_);
  log(std::string(what) + " could not be sent: " + answer.error().message);
  return Sent::fatal;
}

Sent Api::respond(const Invocation& invocation, std::string_view payload) {
  return send(post("/invocation/" + invocation.id + "/response", invocation, payload), "a response");
}

Sent Api::report(const Invocation& invocation, std::string_view type, std::string_view message) {
  auto request = post("/invocation/" + invocation.id + "/error", invocation, make_error(type, message));
  request.headers.push_back({"Lambda-Runtime-Function-Error-Type", std::string(type)});
  return send(request, "an error");
}

void Api::report_init(std::string_view type, std::string_view message) {
  auto request = post("/init/error", {}, make_error(type, message));
  request.headers.push_back({"Lambda-Runtime-Function-Error-Type", std::string(type)});
  (void)send(request, "an init error");
}

Result<void> Api::wait_for_restore() {
  const Request request{.method = "GET",
                        .target = std::string(runtime) + "/restore/next",
                        .headers = usual_headers(),
                        .body = {}};
  MDL_TRY(const auto answer, call(request));
  if (answer.status == 200) return {};
  return fail(ErrorKind::failed, "the runtime API answered " + std::to_string(answer.status) + " to restore");
}

void Api::report_restore(std::string_view type, std::string_view message) {
  auto request = post("/restore/error", {}, make_error(type, message));
  request.headers.push_back({"Lambda-Runtime-Function-Error-Type", std::string(type)});
  (void)send(request, "a restore error");
}

void Api::forget_connections() {
  waiting_.close();
  sending_.close();
}

void Api::begin(const Invocation& invocation, std::string_view prelude) {
  auto request = post("/invocation/" + invocation.id + "/response", invocation, {});
  request.method = "POST";
  std::erase_if(request.headers, [](const Header& header) { return header.name == "Content-Type"; });
  for (auto& header :
       Headers{{"Content-Type", "application/vnd.awslambda.http-integration-response"},
               {"Lambda-Runtime-Function-Response-Mode", "streaming"},
               {"Transfer-Encoding", "chunked"},
               {"Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body"}})
    request.headers.push_back(std::move(header));
  auto head = format_head(request);
  // A chunked request has no length.
  const std::string length = "Content-Length: 0\r\n";
  head.erase(head.find(length), length.size());
  head += chunk(prelude);
  for (int tries = 1; tries <= most_tries; ++tries) {
    listens_ = sending_.open(never) && sending_.send(head, never);
    if (listens_) return;
  }
}

bool Api::piece(std::string_view bytes) {
  // An answer before the end says that the rest is not wanted.
  if (listens_ && sending_.has_news())
    listens_ = false;
  else if (listens_)
    listens_ = bytes.empty() || sending_.send(chunk(bytes), never).has_value();
  return listens_;
}

Sent Api::finish_stream(std::string_view trailers) {
  bool sent = listens_ && !sending_.has_news();
  if (sent) sent = sending_.send("0\r\n" + std::string(trailers) + "\r\n", never).has_value();
  listens_ = false;
  auto answer = sending_.is_open() ? Incoming::begin(sending_, false, never)
                                   : fail(ErrorKind::unavailable, "it ended the connection");
  auto body = answer ? answer->rest(largest_event, never) : std::unexpected(answer.error());
  // What the API makes of a stream that it cut short is not ours to repeat.
  if (!sent || !body || !answer->keeps_alive() || !trailers.empty()) sending_.close();
  if (body) return judge(answer->status(), *body, "a stream", false);
  log("nobody listened to the end of a stream: " + body.error().message);
  return Sent::accepted;
}

Sent Api::end() { return finish_stream({}); }

Sent Api::end_with_error(std::string_view type, std::string_view message) {
  std::string trailers = "Lambda-Runtime-Function-Error-Type: ";
  ((trailers += type) += "\r\nLambda-Runtime-Function-Error-Body: ") +=
      base64(make_error(type, message)) + "\r\n";
  return finish_stream(trailers);
}

}  // namespace mdl::aws::runtime
