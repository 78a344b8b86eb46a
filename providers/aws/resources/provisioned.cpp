#include "providers/aws/resources/code.hpp"
#include "providers/aws/resources/kinds.hpp"

// Provisioned concurrency on the alias: instances that are kept ready for whichever version is live. Lambda
// itself moves them to the next version when the alias moves. What the manifest declared stands in a tag, as
// with reserved concurrency.
namespace mdl::aws::resources {

namespace {

constexpr Milliseconds ready_limit{600'000};

Rest call_of(const Names& names, const char* operation, const char* method) {
  return {.operation = operation,
          .resource = names.function + ":" + live_alias,
          .method = method,
          .path = "/2019-09-30/functions/" + percent_encode(names.function) + "/provisioned-concurrency",
          .query = {{"Qualifier", live_alias}},
          .idempotent = true};
}

// Until the instances are there. What a run that ended left unfinished goes on at AWS all the same.
Result<void> wait_ready(Shared& shared, const Names& names) {
  constexpr Milliseconds longest{5'000};
  auto& client = *shared.client;
  const auto deadline = client.clock().elapsed() + ready_limit;
  for (Milliseconds wait{50};; wait = std::min(longest, wait * 3 / 2)) {
    MDL_TRY(const auto seen, read_provisioned(shared, names));
    if (!seen || seen->status != "IN_PROGRESS") {
      if (!seen || seen->status != "FAILED") return {};
      return fail(
          Error{.kind = ErrorKind::failed,
                .message = "Lambda could not keep " + std::to_string(seen->wanted) + " instances ready",
                .code = seen->status,
                .quoted = seen->reason,
                .resource = "provisioned " + names.function});
    }
    if (client.clock().elapsed() >= deadline)
      return fail(Error{.kind = ErrorKind::timeout,
                        .message = "after ten minutes " + std::to_string(seen->ready) + " of " +
                                   std::to_string(seen->wanted) + " instances are ready",
                        .resource = "provisioned " + names.function});
    client.sleeper().sleep(wait);
  }
}

Result<void> tag(const Making& making, const std::string& arn, std::int64_t least) {
  return done(making.shared.client->rest(
      {.operation = "TagResource",
       .resource = making.names.function,
       .method = "POST",
       .path = "/2017-03-31/tags/" + tag_path(arn),
       .body = Value::object({{"Tags", Value::object({{declared_min_tag, std::to_string(least)}})}}),
       .idempotent = true}));
}

}  // namespace

Result<std::optional<Provisioned>> read_provisioned(Shared& shared, const Names& names) {
  auto call = call_of(names, "GetProvisionedConcurrencyConfig", "GET");
  const auto answer = shared.client->rest(call);
  if (!answer && answer.error().kind == ErrorKind::not_found) return std::nullopt;
  if (!answer) return std::unexpected(answer.error());
  return Provisioned{.wanted = (*answer)["RequestedProvisionedConcurrentExecutions"].as_integer(),
                     .ready = (*answer)["AvailableProvisionedConcurrentExecutions"].as_integer(),
                     .status = (*answer)["Status"].as_string(),
                     .reason = (*answer)["StatusReason"].as_string()};
}

Result<void> set_provisioned(Shared& shared, const Names& names, std::int64_t least) {
  if (least == 0)
    return or_gone(done(shared.client->rest(call_of(names, "DeleteProvisionedConcurrencyConfig", "DELETE"))));
  auto call = call_of(names, "PutProvisionedConcurrencyConfig", "PUT");
  call.body = Value::object({{"ProvisionedConcurrentExecutions", least}});
  MDL_CHECK(shared.client->rest(call));
  return wait_ready(shared, names);
}

Result<void> put_provisioned(const Making& making, const Desired& desired) {
  MDL_TRY(const auto seen, making.shared.functions.settled(making.names.function, Milliseconds{300'000}));
  MDL_CHECK(check_ownership(making.names, seen));
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  const auto least = desired.spec["min"].as_integer();
  MDL_CHECK(tag(making, seen.latest.arn, least));
  return set_provisioned(making.shared, making.names, least);
}

Result<void> delete_provisioned(const Making& making) {
  MDL_TRY(const auto seen, making.shared.functions.function(making.names.function));
  if (!seen) return {};
  MDL_CHECK(check_ownership(making.names, *seen));
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  MDL_CHECK(set_provisioned(making.shared, making.names, 0));
  return or_gone(done(making.shared.client->rest({.operation = "UntagResource",
                                                  .resource = making.names.function,
                                                  .method = "DELETE",
                                                  .path = "/2017-03-31/tags/" + tag_path(seen->latest.arn),
                                                  .query = {{"tagKeys", declared_min_tag}},
                                                  .idempotent = true})));
}

}  // namespace mdl::aws::resources
