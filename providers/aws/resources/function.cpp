#include <algorithm>

#include "core/util/base64.hpp"
#include "core/util/files.hpp"
#include "providers/aws/render.hpp"
#include "providers/aws/resources/code.hpp"
#include "providers/aws/resources/kinds.hpp"

namespace mdl::aws::resources {

namespace {

// A role that was made a moment ago is not known everywhere yet. AWS says so in these words only.
bool role_not_seen_yet(const Error& error) {
  if (error.code != "InvalidParameterValueException") return false;
  const auto says = [&](const char* words) { return error.quoted.find(words) != std::string::npos; };
  return says("cannot be assumed by Lambda") || says("does not have permissions to call") ||
         says("The role defined for the function") || says("KMS key is invalid for CreateGrant");
}

// Until the role is seen, at most five minutes: longer than was ever reported but once.
template <class F>
Result<Value> with_new_role(Client& client, F call) {
  constexpr Milliseconds longest{5'000};
  const auto deadline = client.clock().elapsed() + std::chrono::minutes{5};
  for (Milliseconds wait{500};; wait = std::min(longest, wait * 2)) {
    Result<Value> answer = call();
    if (answer || !role_not_seen_yet(answer.error())) return answer;
    if (client.clock().elapsed() >= deadline) {
      auto error = std::move(answer).error();
      error.message = "Lambda does not accept the function's role, five minutes after it was made";
      return fail(std::move(error));
    }
    client.sleeper().sleep(wait);
  }
}

}  // namespace

Result<std::string> role_arn(Shared& shared, const Names& names, const Value& spec) {
  const auto& role = spec["role"].as_string();
  if (role.starts_with("arn:")) return role;
  MDL_TRY(const auto seen, read_role(shared, names));
  if (seen) return seen->status["arn"].as_string();
  return fail(Error{.kind = ErrorKind::not_found,
                    .message = "the role " + role + " is not there",
                    .resource = "role " + role});
}

Result<Code> code_of(Shared& shared, const Value& spec) {
  const auto& artifact = spec["artifact"].as_string();
  const auto zip = shared.zip(artifact);
  if (!zip)
    return fail(Error{.kind = ErrorKind::refused,
                      .message = "the code of artifact " + artifact.substr(0, 8) +
                                 " is not at AWS any more and was not built here",
                      .resource = "artifact " + artifact.substr(0, 8),
                      .next = {"mdl deploy"}});
  return Code{
      .path = zip->zip.path, .sha256 = zip->zip.sha256_base64, .bucket = zip->bucket, .key = zip->key};
}

Result<Value> code_members(const Code& code) {
  if (!code.bucket.empty()) return Value::object({{"S3Bucket", code.bucket}, {"S3Key", code.key}});
  MDL_TRY(const auto bytes, read_file(code.path, 64u << 20));
  return Value::object({{"ZipFile", base64(bytes)}});
}

Result<void> check_ownership(const Names& names, const Function& function) {
  const auto tag = [&](const char* name) {
    const auto found = function.tags.find(name);
    return found == function.tags.end() ? std::string() : found->second;
  };
  if (tag(service_tag) == names.ref.service && tag(target_tag) == names.ref.target) return {};
  const auto owner = tag(service_tag).empty()
                         ? std::string("mdl did not make it")
                         : "it belongs to " + tag(service_tag) + " on " + tag(target_tag);
  return fail(Error{.kind = ErrorKind::refused,
                    .message = "there is a function " + names.function + " already, and " + owner,
                    .resource = "function " + names.function});
}

Result<void> create_function(const Making& making, const Desired& desired) {
  auto& shared = making.shared;
  MDL_TRY(const auto seen, shared.functions.function(making.names.function));
  if (seen) return check_ownership(making.names, *seen);
  MDL_TRY(const auto code, code_of(shared, desired.spec));
  MDL_TRY(const auto role, role_arn(shared, making.names, desired.spec));
  MDL_TRY(auto members, code_members(code));
  auto body = configuration_body(desired.spec, role);
  if (desired.spec["subnets"].as_array().empty()) body.erase("VpcConfig");
  body.set("FunctionName", making.names.function);
  body.set("Architectures", Value::array({desired.spec["architecture"]}));
  body.set("PackageType", "Zip");
  body.set("Publish", false);
  body.set("Tags", desired.spec["tags"]);
  body.set("Code", std::move(members));
  MDL_CHECK(check_fence(shared, making.ref, making.fence));
  auto created = with_new_role(*shared.client, [&] {
    return shared.client->rest({.operation = "CreateFunction",
                                .resource = making.names.function,
                                .method = "POST",
                                .path = "/2015-03-31/functions",
                                .body = body,
                                .idempotent = true,
                                .timeout = Milliseconds{300'000}});
  });
  if (created || created.error().kind != ErrorKind::conflict) return done(std::move(created));
  MDL_TRY(const auto now, shared.functions.function(making.names.function));
  if (!now) return done(std::move(created));
  return check_ownership(making.names, *now);
}

Result<void> tag_function(const Making& making, const Desired& desired) {
  auto& shared = making.shared;
  MDL_TRY(const auto seen, shared.functions.function(making.names.function));
  if (!seen) return create_function(making, desired);
  MDL_CHECK(check_ownership(making.names, *seen));
  MDL_CHECK(check_fence(shared, making.ref, making.fence));
  return done(shared.client->rest({.operation = "TagResource",
                                   .resource = making.names.function,
                                   .method = "POST",
                                   .path = "/2017-03-31/tags/" + tag_path(seen->latest.arn),
                                   .body = Value::object({{"Tags", desired.spec["tags"]}}),
                                   .idempotent = true}));
}

Result<void> delete_function(const Making& making) {
  auto& shared = making.shared;
  MDL_TRY(const auto seen, shared.functions.function(making.names.function));
  if (!seen) return {};
  MDL_CHECK(check_ownership(making.names, *seen));
  MDL_CHECK(check_fence(shared, making.ref, making.fence));
  return or_gone(done(shared.client->rest({.operation = "DeleteFunction",
                                           .resource = making.names.function,
                                           .method = "DELETE",
                                           .path = function_path(making.names.function),
                                           .idempotent = true})));
}

}  // namespace mdl::aws::resources
