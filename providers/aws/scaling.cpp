#include "providers/aws/parts.hpp"
#include "providers/aws/resources/kinds.hpp"

namespace mdl::aws {

namespace {

using manifest::Scale;
using release::ServiceRef;

class AwsScaling final : public provider::Scaling {
 public:
  explicit AwsScaling(SharedParts shared) : shared_(std::move(shared)) {}

  // Without reserved concurrency the account's own limit is the most.
  Result<Scale> read(const ServiceRef& ref) override {
    MDL_TRY(const auto function, deployed(ref));
    MDL_TRY(const auto ready, resources::read_provisioned(*shared_, shared_->names(ref)));
    Scale scale{.min = ready ? static_cast<int>(ready->wanted) : 0, .max = 0, .concurrency = 1};
    if (function.reserved) {
      scale.max = static_cast<int>(*function.reserved);
      return scale;
    }
    MDL_TRY(const auto account,
            shared_->client->rest(
                {.operation = "GetAccountSettings", .resource = "", .path = "/2016-08-19/account-settings"}));
    scale.max = static_cast<int>(account["AccountLimit"]["ConcurrentExecutions"].as_integer(1'000));
    return scale;
  }

  Result<void> set(const ServiceRef& ref, const Scale& wanted, const provider::Fence& fence) override {
    MDL_CHECK(deployed(ref));
    MDL_CHECK(check_fence(*shared_, ref, fence));
    if (wanted.concurrency != 1) return refused("a Lambda instance takes one request at a time");
    MDL_TRY(const auto now, read(ref));
    const auto names = shared_->names(ref);
    // More may run before more is kept ready, less is kept ready before less may run.
    if (wanted.min < now.min) MDL_CHECK(resources::set_provisioned(*shared_, names, wanted.min));
    if (wanted.max != now.max) MDL_CHECK(resources::set_reserved(*shared_, names, wanted.max));
    if (wanted.min > now.min) MDL_CHECK(resources::set_provisioned(*shared_, names, wanted.min));
    return {};
  }

 private:
  static std::unexpected<Error> refused(const char* why) {
    return fail(Error{.kind = ErrorKind::refused, .message = why, .resource = "concurrency"});
  }

  Result<Function> deployed(const ServiceRef& ref) {
    const auto names = shared_->names(ref);
    MDL_TRY(auto function, shared_->functions.function(names.function));
    if (!function) return provider::not_deployed(ref, "concurrency " + names.function);
    MDL_CHECK(resources::check_ownership(names, *function));
    return std::move(*function);
  }

  SharedParts shared_;
};

}  // namespace

std::unique_ptr<provider::Scaling> make_scaling(const SharedParts& shared) {
  return std::make_unique<AwsScaling>(shared);
}

}  // namespace mdl::aws
