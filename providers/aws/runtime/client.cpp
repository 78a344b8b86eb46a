#include "providers/aws/runtime/client.hpp"

#include <algorithm>
#include <array>
#include <poll.h>

namespace mdl::aws::runtime {

namespace {

constexpr Millis soon = 100, often = 1, seldom = 10, longest_probe = 1000;

// Whether the service is ready: one connection, one answer.
bool probe(const Settings& settings, Millis deadline) {
  Connection connection({.host = "127.0.0.1", .port = settings.port}, -1);
  if (!connection.open(deadline)) return false;
  if (settings.health.empty()) return true;
  const Request request{
      .method = "GET",
      .target = settings.health,
      .headers = {{"Host", "localhost"}, {"User-Agent", "mdl-runtime"}, {"Connection", "close"}},
      .body = {}};
  if (!connection.send(format_head(request), deadline)) return false;
  const auto answer = Incoming::begin(connection, false, deadline);
  return answer && settings.healthy.contains(answer->status());
}

bool may_be_repeated(std::string_view method) {
  constexpr std::array<std::string_view, 6> safe{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::ranges::find(safe, method) != safe.end();
}

}  // namespace

Result<void> wait_until_ready(const Settings& settings, Service& service, Millis deadline) {
  const auto begun = now();
  pollfd exited{.fd = service.exited_descriptor(), .events = POLLIN, .revents = 0};
  while (!probe(settings, std::min(deadline, now() + longest_probe))) {
    const auto time = now();
    if (time >= deadline)
      return fail(Error{
          .kind = ErrorKind::timeout, .message = "the service is not ready in time", .code = "timeout"});
    ::poll(&exited, 1, static_cast<int>(time - begun < soon ? often : seldom));
    if (service.has_exited())
      return fail(Error{.kind = ErrorKind::failed, .message = service.obituary(), .code = "exited"});
  }
  return {};
}

Result<Incoming> ServiceClient::ask_once(const Request& request, Millis deadline, bool& was_sent) {
  MDL_CHECK(connection_.open(deadline));
  const auto head = format_head(request);
  // One packet where it can be one.
  if (request.body.size() < 16384) {
    MDL_CHECK(connection_.send(head + request.body, deadline));
  } else {
    MDL_CHECK(connection_.send(head, deadline));
    MDL_CHECK(connection_.send(request.body, deadline));
  }
  was_sent = true;
  return Incoming::begin(connection_, request.method == "HEAD", deadline);
}

Result<Incoming> ServiceClient::ask(const Request& request, Millis deadline) {
  bool was_sent = false;
  auto answer = ask_once(request, deadline, was_sent);
  const bool again = !answer && answer.error().code == "closed" && connection_.is_reused() &&
                     (!was_sent || may_be_repeated(request.method));
  if (!again) return answer;
  connection_.close();
  return ask_once(request, deadline, was_sent);
}

void ServiceClient::finish(const Incoming& incoming, bool whole) {
  if (!whole || !incoming.keeps_alive()) connection_.close();
}

}  // namespace mdl::aws::runtime
