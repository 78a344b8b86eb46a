#include <algorithm>

#include "providers/aws/render.hpp"
#include "providers/aws/resources/code.hpp"
#include "providers/aws/resources/kinds.hpp"
#include "providers/aws/state_reasons.hpp"

namespace mdl::aws::resources {

namespace {

constexpr Milliseconds settle_limit{300'000};
// Another run, or Lambda's own change of state, may move $LATEST between a look at it and a call.
constexpr int most_rounds = 20;

bool moved(const Error& error) { return error.kind == ErrorKind::conflict; }

class Publishing {
 public:
  Publishing(const Making& making, const Desired& desired)
      : making_(making),
        desired_(desired),
        name_(making.names.function),
        description_(describe({.release = desired.release,
                               .artifact = desired.spec["artifact"].as_string(),
                               .golden = desired.spec["golden"].as_bool(),
                               .health = desired.spec["health"].as_string(),
                               .start_s = static_cast<int>(desired.spec["start_s"].as_integer(60))})) {}

  Result<void> run() {
    std::string last_words;
    for (int round = 0; round < most_rounds; ++round) {
      MDL_TRY(const auto versions, making_.shared.functions.versions(name_));
      if (const auto* made = FunctionApi::version_of(versions, desired_.release)) return same(*made);
      MDL_TRY(const auto latest, settled());
      MDL_CHECK(check_fence(making_.shared, making_.ref, making_.fence));
      auto stepped = step(latest);
      if (!stepped && !moved(stepped.error())) return std::unexpected(std::move(stepped).error());
      if (!stepped) last_words = stepped.error().quoted;
    }
    return fail(Error{.kind = ErrorKind::conflict,
                      .message = "function " + name_ + " is being changed by somebody else all the time",
                      .quoted = last_words,
                      .resource = "function " + name_});
  }

 private:
  Result<void> same(const Configuration& made) const {
    if (same_configuration(desired_.spec, made.spec) && made.spec["artifact"] == desired_.spec["artifact"])
      return {};
    return fail(Error{.kind = ErrorKind::conflict,
                      .message = "release " + std::to_string(desired_.release) + " exists and is another one",
                      .resource = plan::to_string(desired_.id)});
  }

  Result<Configuration> settled() {
    MDL_TRY(auto function, making_.shared.functions.settled(name_, settle_limit));
    MDL_CHECK(check_ownership(making_.names, function));
    return std::move(function.latest);
  }

  // The first thing that $LATEST lacks. What it has was compared at `latest.revision`, which the call
  // carries.
  Result<void> step(const Configuration& latest) {
    if (!same_configuration(desired_.spec, latest.spec)) return configure(latest);
    MDL_TRY(const auto code, code_of(making_.shared, desired_.spec));
    if (latest.code_sha256 != code.sha256 || latest.spec["architecture"] != desired_.spec["architecture"])
      return upload(latest, code);
    if (has_failed(latest)) return failed(latest);
    return publish(latest, code);
  }

  std::unexpected<Error> failed(const Configuration& latest) const {
    const bool state = latest.state == "Failed";
    Error error{.kind = ErrorKind::failed,
                .message = "Lambda could not bring function " + name_ + " to what is wanted",
                .code = state ? latest.state_code : latest.update_code,
                .quoted = state ? latest.state_reason : latest.update_reason,
                .resource = "function " + name_};
    if (const auto remedy = remedy_of(error.code); !remedy.empty()) error.lines = {remedy};
    return fail(std::move(error));
  }

  Result<void> configure(const Configuration& latest, const std::string& description = {}) {
    MDL_TRY(const auto role, role_arn(making_.shared, making_.names, desired_.spec));
    auto body = configuration_body(desired_.spec, role);
    // Who deploys needs no right to pass a role that stays.
    if (role == latest.spec["role"].as_string()) body.erase("Role");
    if (latest.spec["subnets"].as_array().empty() && desired_.spec["subnets"].as_array().empty())
      body.erase("VpcConfig");
    if (!description.empty()) body.set("Description", description);
    body.set("RevisionId", latest.revision);
    return done(making_.shared.client->rest({.operation = "UpdateFunctionConfiguration",
                                             .resource = name_,
                                             .method = "PUT",
                                             .path = function_path(name_, "/configuration"),
                                             .body = body,
                                             .idempotent = true}));
  }

  Result<void> upload(const Configuration& latest, const Code& code) {
    MDL_TRY(auto body, code_members(code));
    body.set("Architectures", Value::array({desired_.spec["architecture"]}));
    body.set("Publish", false);
    body.set("RevisionId", latest.revision);
    return done(making_.shared.client->rest({.operation = "UpdateFunctionCode",
                                             .resource = name_,
                                             .method = "PUT",
                                             .path = function_path(name_, "/code"),
                                             .body = body,
                                             .idempotent = true,
                                             .timeout = Milliseconds{300'000}}));
  }

  Result<void> publish(const Configuration& latest, const Code& code) {
    auto answer = making_.shared.client->rest(
        {.operation = "PublishVersion",
         .resource = name_,
         .method = "POST",
         .path = function_path(name_, "/versions"),
         .body = Value::object(
             {{"CodeSha256", code.sha256}, {"Description", description_}, {"RevisionId", latest.revision}}),
         .idempotent = true});
    if (!answer) return std::unexpected(std::move(answer).error());
    if ((*answer)["Description"].as_string() == description_) return {};
    // Nothing changed since the last version, so Lambda gave that one back: something must change.
    MDL_TRY(const auto again, settled());
    return configure(again, description_);
  }

  const Making& making_;
  const Desired& desired_;
  const std::string& name_;
  const std::string description_;
};

}  // namespace

Result<void> publish_version(const Making& making, const Desired& desired) {
  return Publishing(making, desired).run();
}

Result<void> delete_version(const Making& making, int release) {
  auto& shared = making.shared;
  MDL_TRY(const auto versions, shared.functions.versions(making.names.function));
  for (const auto& version : versions) {
    if (!version.described || version.described->release != release) continue;
    MDL_CHECK(check_fence(shared, making.ref, making.fence));
    const auto remove = [&] {
      return or_gone(done(shared.client->rest({.operation = "DeleteFunction",
                                               .resource = making.names.function + ":" + version.version,
                                               .method = "DELETE",
                                               .path = function_path(making.names.function),
                                               .query = {{"Qualifier", version.version}},
                                               .idempotent = true})));
    };
    auto removed = remove();
    if (!removed && removed.error().kind == ErrorKind::conflict) {
      // Lambda deletes no version that an alias points to, be it one that is only left over.
      MDL_TRY(const bool was_left, delete_removed_alias(shared, making.ref));
      if (was_left) removed = remove();
    }
    MDL_CHECK(removed);
  }
  if (versions.empty()) MDL_CHECK(check_fence(shared, making.ref, making.fence));
  return {};
}

}  // namespace mdl::aws::resources
