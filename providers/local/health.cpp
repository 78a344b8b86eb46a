#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

using provider::Readiness;
using release::ServiceRef;

std::string replicas_path(const ServiceRef& ref, int release, const char* rest) {
  return service_path(ref, "/replicas/" + std::to_string(release) + rest);
}

std::unexpected<Error> gone(int release) {
  return fail(Error{.kind = ErrorKind::not_found,
                    .message = "release " + std::to_string(release) + " has no replicas on this machine",
                    .resource = "replicas " + std::to_string(release)});
}

class LocalHealth final : public provider::Health {
 public:
  explicit LocalHealth(SharedClient client) : client_(std::move(client)) {}

  Result<Readiness> readiness(const ServiceRef& ref, int release) override {
    MDL_TRY(const auto answer, client_->read(replicas_path(ref, release, "/readiness")));
    if (!answer) return gone(release);
    const auto& value = *answer;
    const auto& state = value["state"].as_string();
    return Readiness{.state = state == "ready"    ? Readiness::State::ready
                              : state == "failed" ? Readiness::State::failed
                                                  : Readiness::State::waiting,
                     .detail = state == "ready" && value["detail"].as_string().empty()
                                   ? "healthy"
                                   : value["detail"].as_string(),
                     .resource = value["resource"].as_string(),
                     .code = value["code"].as_string(),
                     .lines = value["lines"].as_strings()};
  }

  Result<void> wake(const ServiceRef& ref, int release, const provider::Fence& fence) override {
    MDL_CHECK(client_->write("POST", replicas_path(ref, release, "/wake"), Value::object(),
                             {{"Mdl-Live", fence.live_revision}}));
    return {};
  }

 private:
  SharedClient client_;
};

}  // namespace

std::unique_ptr<provider::Health> make_health(const SharedClient& client) {
  return std::make_unique<LocalHealth>(client);
}

}  // namespace mdl::local
