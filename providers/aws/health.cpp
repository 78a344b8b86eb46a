#include <algorithm>

#include "core/util/digest.hpp"
#include "providers/aws/event.hpp"
#include "providers/aws/invocation.hpp"
#include "providers/aws/parts.hpp"
#include "providers/aws/state_reasons.hpp"

namespace mdl::aws {

namespace {

using provider::Readiness;
using release::ServiceRef;

std::string name_of(int release) { return "version of release " + std::to_string(release); }

class AwsHealth final : public provider::Health {
 public:
  explicit AwsHealth(SharedParts shared) : shared_(std::move(shared)) {}

  // An Active version is started once, by a request for /healthz: a version that cannot be loaded says so
  // only then. What its handler answers does not count, since handlers need not know the path.
  Result<Readiness> readiness(const ServiceRef& ref, int release) override {
    const auto names = shared_->names(ref);
    MDL_TRY(const auto versions, shared_->functions.versions(names.function));
    const auto* listed = FunctionApi::version_of(versions, release);
    if (listed == nullptr)
      return fail(Error{.kind = ErrorKind::not_found,
                        .message = "release " + std::to_string(release) + " has no version at AWS",
                        .resource = "version " + names.function + "/" + std::to_string(release)});
    MDL_TRY(const auto version, shared_->functions.configuration(names.function, listed->version));
    if (has_failed(version)) return failed(version, release);
    if (!is_settled(version))
      return Readiness{.state = Readiness::State::waiting,
                       .detail = "version " + version.version + " is " +
                                 (version.state == "Pending" ? "Pending" : "being updated")};
    if (version.described && version.described->golden)
      return Readiness{.state = Readiness::State::ready,
                       .detail = "version " + version.version + " is Active"};
    return started(names, version);
  }

  // A version costs nothing at rest and is always awake.
  Result<void> wake(const ServiceRef& ref, int release, const provider::Fence& fence) override {
    (void)release;
    return check_fence(*shared_, ref, fence);
  }

 private:
  static Readiness failed(const Configuration& version, int release) {
    const bool state = version.state == "Failed";
    const auto& code = state ? version.state_code : version.update_code;
    const auto& words = state ? version.state_reason : version.update_reason;
    Readiness readiness{.state = Readiness::State::failed,
                        .detail = name_of(release) + " failed: " + (words.empty() ? code : words),
                        .resource = "version " + version.version,
                        .code = code};
    if (const auto remedy = remedy_of(code); !remedy.empty()) readiness.lines = {remedy};
    return readiness;
  }

  Result<Readiness> started(const Names& names, const Configuration& version) {
    const auto event = event_of({.path = "/healthz"}, {.function = names.function,
                                                       .domain = names.function + ".mdl",
                                                       .request_id = random_hex(16),
                                                       .now = shared_->client->clock().now()});
    const auto longest = Milliseconds{version.spec["timeout_s"].as_integer(3) * 1000 + 15'000};
    MDL_TRY(const auto answer, invoke(*shared_, names, version.version, dump(event), longest, true));
    if (!did_not_start(answer))
      return Readiness{.state = Readiness::State::ready, .detail = "version " + version.version + " started"};
    return Readiness{.state = Readiness::State::failed,
                     .detail = "version " + version.version + " does not start: " + answer.error_type,
                     .resource = "version " + version.version,
                     .code = "exited",
                     .lines = answer.lines};
  }

  SharedParts shared_;
};

}  // namespace

std::unique_ptr<provider::Health> make_health(const SharedParts& shared) {
  return std::make_unique<AwsHealth>(shared);
}

}  // namespace mdl::aws
