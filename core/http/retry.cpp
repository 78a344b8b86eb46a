#include <algorithm>

#include "core/http/pipeline.hpp"
#include "core/http/retry_after.hpp"

namespace mdl::http {

namespace {

class Retry final : public Transport {
 public:
  Retry(std::unique_ptr<Transport> next, RetryPolicy policy, Clock& clock, Sleeper& sleeper,
        std::function<double()> uniform)
      : next_(std::move(next)),
        policy_(policy),
        clock_(clock),
        sleeper_(sleeper),
        uniform_(std::move(uniform)) {}

  Result<Response> send(const Request& request, const OnBody& on_body) override {
    for (int attempt = 1;; ++attempt) {
      bool delivered = false;
      OnBody watched;
      if (on_body)
        watched = [&](std::string_view bytes) {
          delivered = true;
          return on_body(bytes);
        };
      auto result = next_->send(request, watched);
      // What the caller has seen of a body cannot be taken back.
      if (attempt >= policy_.attempts || delivered || !may_repeat(request, result)) return result;
      sleeper_.sleep(wait_before(attempt, result));
    }
  }

 private:
  static bool may_repeat(const Request& request, const Result<Response>& result) {
    if (result) {
      const int status = result->status;
      const bool later = status == 429 || status == 502 || status == 503 || status == 504;
      return later || (status == 500 && request.idempotent);
    }
    const auto& error = result.error();
    if (error.kind != ErrorKind::unavailable) return false;
    // These never reached the server. A certificate that is refused is refused again, and behind the path of
    // a socket nobody comes to listen unless the caller starts it.
    if (error.code == "refused") return request.unix_socket.empty();
    if (error.code == "resolve") return true;
    return error.code != "tls" && request.idempotent;
  }

  Milliseconds wait_before(int attempt, const Result<Response>& result) const {
    if (result)
      if (const auto asked = parse_retry_after(result->header("Retry-After"), clock_.now()))
        return std::min(*asked, policy_.longest_backoff);
    auto most = policy_.first_backoff;
    for (int i = 1; i < attempt && most < policy_.longest_backoff; ++i) most *= 2;
    most = std::min(most, policy_.longest_backoff);
    return Milliseconds{static_cast<std::int64_t>(static_cast<double>(most.count()) * uniform_())};
  }

  std::unique_ptr<Transport> next_;
  RetryPolicy policy_;
  Clock& clock_;
  Sleeper& sleeper_;
  std::function<double()> uniform_;
};

}  // namespace

std::unique_ptr<Transport> with_retry(std::unique_ptr<Transport> next, RetryPolicy policy, Clock& clock,
                                      Sleeper& sleeper, std::function<double()> uniform) {
  return std::make_unique<Retry>(std::move(next), policy, clock, sleeper, std::move(uniform));
}

}  // namespace mdl::http
