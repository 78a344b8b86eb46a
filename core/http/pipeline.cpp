#include "core/http/pipeline.hpp"

#include "core/http/url.hpp"

namespace mdl::http {

namespace {

class Signer final : public Transport {
 public:
  Signer(std::unique_ptr<Transport> next, std::function<Result<void>(Request&)> sign)
      : next_(std::move(next)), sign_(std::move(sign)) {}

  Result<Response> send(const Request& request, const OnBody& on_body) override {
    Request signed_request = request;
    MDL_CHECK(sign_(signed_request));
    return next_->send(signed_request, on_body);
  }

 private:
  std::unique_ptr<Transport> next_;
  std::function<Result<void>(Request&)> sign_;
};

class Logged final : public Transport {
 public:
  Logged(std::unique_ptr<Transport> next, Clock& clock, std::function<void(const std::string&)> log)
      : next_(std::move(next)), clock_(clock), log_(std::move(log)) {}

  Result<Response> send(const Request& request, const OnBody& on_body) override {
    const auto started = clock_.elapsed();
    auto result = next_->send(request, on_body);
    const auto took = std::chrono::round<Milliseconds>(clock_.elapsed() - started);
    log_(request.method + " " + shown_url(request.url) + " " + word(result) + " " +
         std::to_string(took.count()) + " ms");
    return result;
  }

 private:
  static std::string word(const Result<Response>& result) {
    if (result) return std::to_string(result->status);
    const auto& error = result.error();
    return std::string(to_string(error.kind)) + (error.code.empty() ? "" : " (" + error.code + ")");
  }

  std::unique_ptr<Transport> next_;
  Clock& clock_;
  std::function<void(const std::string&)> log_;
};

}  // namespace

std::unique_ptr<Transport> with_signer(std::unique_ptr<Transport> next,
                                       std::function<Result<void>(Request&)> sign) {
  return std::make_unique<Signer>(std::move(next), std::move(sign));
}

std::unique_ptr<Transport> with_log(std::unique_ptr<Transport> next, Clock& clock,
                                    std::function<void(const std::string&)> log) {
  return std::make_unique<Logged>(std::move(next), clock, std::move(log));
}

}  // namespace mdl::http
