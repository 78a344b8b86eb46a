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

  // An Active version is started once, by a request for its health path: a version that cannot be loaded says
  // so only then. What a handler answers to /healthz does not count, since handlers need not know the path.
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
    const auto described = version.described.value_or(Described{});
    if (!described.health.empty()) return healthy(names, version, described);
    if (described.golden)
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

  Result<Invocation> get(const Names& names, const Configuration& version, const std::string& path) {
    const auto event = event_of({.path = path}, {.function = names.function,
                                                 .domain = names.function + ".mdl",
                                                 .request_id = random_hex(16),
                                                 .now = shared_->client->clock().now()});
    const auto longest = Milliseconds{version.spec["timeout_s"].as_integer(3) * 1000 + 15'000};
    return invoke(*shared_, names, version.version, dump(event), longest, true);
  }

  static Readiness not_started(const Configuration& version, const Invocation& answer) {
    return Readiness{.state = Readiness::State::failed,
                     .detail = "version " + version.version + " does not start: " + answer.error_type,
                     .resource = "version " + version.version,
                     .code = "exited",
                     .lines = answer.lines};
  }

  Result<Readiness> started(const Names& names, const Configuration& version) {
    MDL_TRY(const auto answer, get(names, version, "/healthz"));
    if (did_not_start(answer)) return not_started(version, answer);
    return Readiness{.state = Readiness::State::ready, .detail = "version " + version.version + " started"};
  }

  // Behind the runtime client, which waits for the service first, as long as Lambda lets a start take.
  Result<Readiness> healthy(const Names& names, const Configuration& version, const Described& described) {
    const auto& path = described.health;
    const auto waited = waited_for(names.function + "/" + version.version);
    MDL_TRY(const auto answer, get(names, version, path));
    if (!answer.error.empty()) return not_started(version, answer);
    const int status = response_of(answer.payload).status;
    if (status >= 200 && status < 300)
      return Readiness{.state = Readiness::State::ready,
                       .detail = "version " + version.version + " answers " + path};
    Readiness readiness{
        .state = Readiness::State::waiting,
        .detail = "version " + version.version + " answers " + path + " with " + std::to_string(status),
        .resource = "version " + version.version,
        .lines = answer.lines};
    if (waited < std::chrono::seconds{described.start_s}) return readiness;
    readiness.state = Readiness::State::failed;
    readiness.code = "unhealthy";
    readiness.detail += ", " + std::to_string(described.start_s) + " s after it was asked first";
    return readiness;
  }

  // Since it was looked at first.
  std::chrono::nanoseconds waited_for(const std::string& version) {
    const auto now = shared_->client->clock().elapsed();
    const std::lock_guard lock(mutex_);
    return now - first_seen_.emplace(version, now).first->second;
  }

  SharedParts shared_;
  std::mutex mutex_;
  std::map<std::string, std::chrono::nanoseconds> first_seen_;
};

}  // namespace

std::unique_ptr<provider::Health> make_health(const SharedParts& shared) {
  return std::make_unique<AwsHealth>(shared);
}

}  // namespace mdl::aws
