#include "providers/aws/parts.hpp"
#include "providers/aws/resources/kinds.hpp"

namespace mdl::aws {

namespace {

using release::ServiceRef;

class AwsInspect final : public provider::Inspect {
 public:
  explicit AwsInspect(SharedParts shared) : shared_(std::move(shared)) {}

  Result<provider::Status> status(const ServiceRef& ref) override {
    const auto names = shared_->names(ref);
    provider::Status status{.health = "absent"};
    MDL_TRY(const auto live, read_live(*shared_, ref));
    if (live.split.empty()) return status;
    MDL_TRY(const auto versions, shared_->functions.versions(names.function));
    const auto* version = FunctionApi::version_of(versions, live.release());
    if (version == nullptr) {
      status.health = "failing";
      status.detail = "the alias points to a version that is not mdl's";
    } else if (has_failed(*version)) {
      status.health = "failing";
      status.detail = version->state_reason;
    } else if (!is_settled(*version)) {
      status.health = "starting";
      status.detail = "version " + version->version + " is " + version->state;
    } else {
      status.health = "ok";
    }
    auto url = resources::url_address(*shared_, names);
    if (url) status.url = *url;
    return status;
  }

  std::vector<Check> doctor(const manifest::Service&) override {
    std::vector<Check> checks;
    checks.push_back({.ok = true, .text = "region " + shared_->client->region()});
    const auto credentials = shared_->client->credentials().get();
    if (!credentials) {
      const auto& error = credentials.error();
      checks.push_back({.ok = false,
                        .text = error.message,
                        .remedy = error.next.empty() ? std::string() : error.next.front()});
      return checks;
    }
    checks.push_back({.ok = true, .text = "credentials from " + credentials->source});
    const auto caller = shared_->client->query(Service::sts, "GetCallerIdentity", {}, true);
    if (caller)
      checks.push_back({.ok = true, .text = "AWS knows them as " + caller->text_of("Arn")});
    else
      checks.push_back(
          {.ok = false, .text = caller.error().message, .remedy = "aws sts get-caller-identity"});
    return checks;
  }

  // What no release pins is removed with its release: nothing gathers.
  Result<std::vector<Garbage>> garbage() override { return std::vector<Garbage>{}; }
  Result<void> collect() override { return {}; }

 private:
  SharedParts shared_;
};

}  // namespace

std::unique_ptr<provider::Inspect> make_inspect(const SharedParts& shared) {
  return std::make_unique<AwsInspect>(shared);
}

}  // namespace mdl::aws
