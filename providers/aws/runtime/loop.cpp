#include "providers/aws/runtime/loop.hpp"

#include <algorithm>
#include <charconv>
#include <poll.h>

#include "providers/aws/runtime/json.hpp"
#include "providers/aws/runtime/reply.hpp"

namespace mdl::aws::runtime {

namespace {

constexpr Millis time_to_answer = 50;
constexpr int longest_burial_ms = 100;
// Lambda takes 6 MiB and 100 bytes; a body over that can be in no answer.
constexpr std::uint64_t largest_body = (6u << 20) + 100;
constexpr std::uint64_t most_told = 16u << 10;

std::string_view type_of(const Error& error) {
  if (error.code == "timeout") return "Service.Timeout";
  if (error.code == "refused") return "Service.ConnectionRefused";
  if (error.code == "closed") return "Service.ConnectionClosed";
  if (error.code == "cut") return "Service.ResponseCut";
  if (error.code == "large") return "Function.ResponseSizeTooLarge";
  if (error.code == "exited") return "Service.Exited";
  return error.code == "malformed" ? "Service.BadResponse" : "Service.Failed";
}

// A process is gone a moment after its sockets are.
bool has_ended(const Service& service) {
  pollfd exited{.fd = service.exited_descriptor(), .events = POLLIN, .revents = 0};
  ::poll(&exited, 1, longest_burial_ms);
  return service.has_exited();
}

std::string status_message(int status, std::string_view body) {
  std::string out = "{\"statusCode\":" + std::to_string(status) + ",\"body\":";
  append_quoted(out, body.substr(0, most_told));
  return out + '}';
}

}  // namespace

Millis deadline_of(const Invocation& invocation) {
  Millis at = 0;
  const auto& text = invocation.deadline;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), at);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return never;
  const auto left = at - wall_time();
  // A deadline that is past tells of clocks that differ: the platform ends the invocation by its own.
  if (left <= 0 || left > 86'400'000) return never;
  return now() + std::max<Millis>(left - time_to_answer, left / 2);
}

bool Loop::streams(const Mapped& mapped) const {
  return shared_.settings.stream && mapped.kind != EventKind::pass_through;
}

bool Loop::asks_health(const Mapped& mapped) const {
  const auto& target = mapped.request.target;
  return mapped.kind != EventKind::pass_through && !shared_.settings.health.empty() &&
         target.substr(0, target.find('?')) == shared_.settings.health;
}

int Loop::run() {
  while (!shared_.is_ending) {
    const auto invocation = api_.next();
    if (!invocation && invocation.error().code == "interrupted") return 0;
    if (!invocation) {
      log(invocation.error().message);
      return 1;
    }
    if (invocation->id.empty()) {
      api_.report_init("Runtime.NoRequestId",
                       "the runtime API gave an invocation without Lambda-Runtime-Aws-Request-Id");
      return 1;
    }
    if (handle(*invocation) == Sent::fatal || shared_.service.has_exited()) return 1;
  }
  return 0;
}

Sent Loop::handle(const Invocation& invocation) {
  const auto mapped =
      map_event(invocation, shared_.settings, lambda_context(invocation, shared_.environment));
  if (!mapped.warning.empty()) log(mapped.warning);
  if (mapped.refused) return answer(invocation, mapped, own_answer(400, "bad-request", *mapped.refused));
  // Whoever asks whether it is ready is told at once.
  if (!shared_.is_ready && !asks_health(mapped)) {
    if (const auto ready = wait_until_ready(shared_.settings, shared_.service, deadline_of(invocation));
        !ready)
      return failed(invocation, mapped, ready.error());
    shared_.is_ready = true;
  }
  return ask(invocation, mapped);
}

Sent Loop::ask(const Invocation& invocation, const Mapped& mapped) {
  auto deadline = deadline_of(invocation);
  if (shared_.settings.timeout_ms > 0) deadline = std::min(deadline, now() + shared_.settings.timeout_ms);
  auto incoming = client_.ask(mapped.request, deadline);
  if (!incoming && !shared_.is_ready && asks_health(mapped) && !has_ended(shared_.service))
    return answer(invocation, mapped, own_answer(503, "starting", incoming.error().message));
  if (!incoming) return failed(invocation, mapped, incoming.error());
  return pass_on(invocation, mapped, *incoming, deadline);
}

Sent Loop::pass_on(const Invocation& invocation, const Mapped& mapped, Incoming& incoming, Millis deadline) {
  const auto status = incoming.status();
  // Who sent the event must learn that nobody has dealt with it; a client of HTTP reads the status.
  const bool is_error = shared_.settings.error_statuses.contains(status) ||
                        (mapped.kind == EventKind::pass_through && status >= 500);
  Response response{.status = status, .headers = incoming.headers(), .body = {}};
  if (streams(mapped) && !is_error) return stream(invocation, mapped, incoming, std::move(response));
  auto body = incoming.rest(largest_body, deadline);
  if (!body) return failed(invocation, mapped, body.error());
  client_.finish(incoming, true);
  if (is_error) return report(invocation, "Service.Status", status_message(status, *body));
  response.body = std::move(*body);
  return answer(invocation, mapped, response);
}

Sent Loop::stream(const Invocation& invocation, const Mapped& mapped, Incoming& incoming, Response head) {
  const auto deadline = deadline_of(invocation);
  api_.begin(invocation, make_prelude(mapped.kind, head));
  for (;;) {
    const auto piece = incoming.next(deadline);
    if (!piece) {
      client_.finish(incoming, false);
      const bool ended = has_ended(shared_.service);
      return api_.end_with_error(ended ? "Service.Exited" : type_of(piece.error()),
                                 ended ? shared_.service.obituary() : piece.error().message);
    }
    if (piece->empty()) break;
    api_.piece(*piece);  // when nobody listens any more the service finishes all the same
  }
  client_.finish(incoming, true);
  shared_.service.flush_output();
  return api_.end();
}

Sent Loop::answer(const Invocation& invocation, const Mapped& mapped, const Response& response) {
  shared_.service.flush_output();
  if (streams(mapped)) {
    api_.begin(invocation, make_prelude(mapped.kind, response));
    api_.piece(response.body);
    return api_.end();
  }
  const auto reply = make_reply(mapped.kind, response, mapped.request.method == "HEAD");
  if (!reply.warning.empty()) log(reply.warning);
  return api_.respond(invocation, reply.payload);
}

Sent Loop::failed(const Invocation& invocation, const Mapped& mapped, const Error& error) {
  client_.forget_connection();
  if (error.code != "timeout" && error.code != "large" && has_ended(shared_.service))
    return report(invocation, "Service.Exited", shared_.service.obituary());
  if (error.code == "timeout" && mapped.kind != EventKind::pass_through)
    return answer(invocation, mapped, own_answer(504, "timeout", "the service did not answer in time"));
  return report(invocation, type_of(error), error.message);
}

Sent Loop::report(const Invocation& invocation, std::string_view type, std::string_view message) {
  shared_.service.flush_output();
  return api_.report(invocation, type, message);
}

}  // namespace mdl::aws::runtime
