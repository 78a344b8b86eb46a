#include "core/util/text.hpp"
#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

using provider::HttpRequest;
using provider::HttpResponse;
using release::ServiceRef;

std::string address(std::int64_t port) { return "http://127.0.0.1:" + std::to_string(port); }

// A healthy replica of the release.
Result<std::string> replica_url(const ServiceRef& ref, const Value& state, int release) {
  const auto name = "release " + std::to_string(release);
  for (const auto& replicas : state["replicas"].as_array()) {
    if (replicas["release"].as_integer() != release) continue;
    for (const auto& replica : replicas["status"]["replicas"].as_array())
      if (replica["state"].as_string() == "healthy") return address(replica["port"].as_integer());
    return fail(Error{.kind = ErrorKind::unavailable,
                      .message = "no replica of " + name + " is healthy",
                      .code = replicas["status"]["state"].as_string(),
                      .resource = name,
                      .next = {"mdl logs --release " + std::to_string(release)}});
  }
  return fail(Error{.kind = ErrorKind::not_found,
                    .message = name + " of " + ref.service + " has no replicas on this machine",
                    .resource = name,
                    .next = {"mdl releases"}});
}

class LocalInvoke final : public provider::Invoke {
 public:
  explicit LocalInvoke(SharedClient client) : client_(std::move(client)) {}

  Result<HttpResponse> send(const ServiceRef& ref, std::optional<int> release, const HttpRequest& request,
                            Milliseconds timeout,
                            const std::function<void(std::string_view)>& on_body) override {
    MDL_TRY(const auto base, base_url(ref, release));
    http::Request outgoing{.method = request.method,
                           .url = base + (request.path.starts_with('/') ? "" : "/") + request.path,
                           .headers = request.headers,
                           .body = request.body,
                           .connect_timeout = Milliseconds(5'000),
                           .timeout = timeout};
    http::OnBody forward;
    if (on_body)
      forward = [&](std::string_view bytes) {
        on_body(bytes);
        return true;
      };
    const auto& clock = client_->options().clock;
    const auto start = clock.elapsed();
    MDL_TRY(auto response, client_->options().transport.send(outgoing, forward));
    const auto answered_by = parse_integer(response.header("Mdl-Release"));
    return HttpResponse{.status = response.status,
                        .headers = std::move(response.headers),
                        .body = std::move(response.body),
                        .took = clock.elapsed() - start,
                        .release = static_cast<int>(answered_by.value_or(release.value_or(0)))};
  }

  Result<std::string> url(const ServiceRef& ref) override { return base_url(ref, std::nullopt); }

 private:
  Result<std::string> base_url(const ServiceRef& ref, std::optional<int> release) const {
    MDL_TRY(const auto state, client_->state(ref));
    if (!state) return provider::not_deployed(ref, "service " + ref.service);
    if (release) return replica_url(ref, *state, *release);
    const auto port = (*state)["gateway"]["status"]["port"].as_integer();
    if (port == 0 || (*state)["live"]["split"].as_array().empty())
      return provider::not_deployed(ref, "service " + ref.service);
    return address(port);
  }

  SharedClient client_;
};

}  // namespace

std::unique_ptr<provider::Invoke> make_invoke(const SharedClient& client) {
  return std::make_unique<LocalInvoke>(client);
}

}  // namespace mdl::local
