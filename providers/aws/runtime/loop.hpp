#pragma once

#include <atomic>
#include <string>

#include "providers/aws/runtime/api.hpp"
#include "providers/aws/runtime/client.hpp"

namespace mdl::aws::runtime {

// What the loops of a runtime share. Several run when an environment takes several invocations at once.
struct Shared {
  const Settings& settings;
  Service& service;
  std::string environment;            // of the function, for x-amzn-lambda-context
  std::atomic<bool> is_ready{false};  // the service has been seen ready
  std::atomic<bool> is_ending{false};
};

// Takes invocations and answers them, one after the other.
class Loop {
 public:
  Loop(const Address& api, int interrupt, Shared& shared)
      : shared_(shared), api_(api, interrupt), client_(shared.settings) {}

  // Returns when the descriptor `interrupt` became readable, the service has ended, or the runtime must end;
  // the status that this program shall exit with: 0 for the first.
  int run();

 private:
  Sent handle(const Invocation& invocation);
  Sent ask(const Invocation& invocation, const Mapped& mapped);
  Sent pass_on(const Invocation& invocation, const Mapped& mapped, Incoming& incoming, Millis deadline);
  Sent stream(const Invocation& invocation, const Mapped& mapped, Incoming& incoming, Response head);
  Sent answer(const Invocation& invocation, const Mapped& mapped, const Response& response);
  Sent failed(const Invocation& invocation, const Mapped& mapped, const Error& error);
  Sent report(const Invocation& invocation, std::string_view type, std::string_view message);
  bool streams(const Mapped& mapped) const;
  bool asks_health(const Mapped& mapped) const;

  Shared& shared_;
  Api api_;
  ServiceClient client_;
};

// When the function's time is over, less what an answer needs; `never` for a header that is missing, no
// number, or past.
Millis deadline_of(const Invocation& invocation);

}  // namespace mdl::aws::runtime
