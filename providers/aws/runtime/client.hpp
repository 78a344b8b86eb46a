#pragma once

#include "providers/aws/runtime/http.hpp"
#include "providers/aws/runtime/service.hpp"
#include "providers/aws/runtime/settings.hpp"

namespace mdl::aws::runtime {

// Waits until the service answers as settings.health and settings.healthy say, looking each millisecond at
// first, each ten later. Errors: "exited", with what it said last; "timeout".
Result<void> wait_until_ready(const Settings& settings, Service& service, Millis deadline);

// A kept connection to the service, and the answers that come over it.
class ServiceClient {
 public:
  explicit ServiceClient(const Settings& settings)
      : connection_({.host = "127.0.0.1", .port = settings.port}, -1) {}

  // Sends a request and reads the head of its answer. A request on a kept connection that the service ended
  // before it said anything is sent once more, if its method may be repeated or nothing of it was sent.
  // Errors: "refused", "closed", "cut", "malformed", "timeout".
  Result<Incoming> ask(const Request& request, Millis deadline);
  // After the end of an answer, or of interest in it.
  void finish(const Incoming& incoming, bool whole);
  void forget_connection() { connection_.close(); }

 private:
  Result<Incoming> ask_once(const Request& request, Millis deadline, bool& was_sent);
  Connection connection_;
};

}  // namespace mdl::aws::runtime
