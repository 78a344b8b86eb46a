#include "providers/aws/client/skew.hpp"

#include "core/http/retry_after.hpp"
#include "providers/aws/client/errors.hpp"

namespace mdl::aws {

namespace {

constexpr std::chrono::minutes tolerated{1};

bool refused_for_time(const http::Response& response) {
  if (response.status != 403 && response.status != 400 && response.status != 401) return false;
  const auto code = error_code(response);
  return code == "RequestTimeTooSkewed" || code == "RequestExpired" || code == "InvalidSignatureException" ||
         code == "SignatureDoesNotMatch" || code == "AuthFailure" || code == "RequestInTheFuture";
}

class Corrected final : public http::Transport {
 public:
  Corrected(std::unique_ptr<http::Transport> next, Clock& clock, Skew& skew)
      : next_(std::move(next)), clock_(clock), skew_(skew) {}

  Result<http::Response> send(const http::Request& request, const http::OnBody& on_body) override {
    auto response = next_->send(request, on_body);
    if (!response || !refused_for_time(*response)) return response;
    const auto theirs = http::parse_http_date(response->header("Date"));
    if (!theirs) return response;
    const auto now = clock_.now();
    const auto off = *theirs - skew_.corrected(now);
    if (off > -tolerated && off < tolerated) return response;
    skew_.set(*theirs - now);
    return next_->send(request, on_body);
  }

 private:
  std::unique_ptr<http::Transport> next_;
  Clock& clock_;
  Skew& skew_;
};

}  // namespace

std::unique_ptr<http::Transport> with_skew_correction(std::unique_ptr<http::Transport> next, Clock& clock,
                                                      Skew& skew) {
  return std::make_unique<Corrected>(std::move(next), clock, skew);
}

}  // namespace mdl::aws
