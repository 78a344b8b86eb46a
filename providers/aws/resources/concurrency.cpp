#include "providers/aws/resources/code.hpp"
#include "providers/aws/resources/kinds.hpp"

// Reserved concurrency: what may run at once. What the manifest declared stands in a tag, so that `mdl scale`
// holds until the manifest's own figure changes.
namespace mdl::aws::resources {

namespace {

std::string concurrency_path(const Names& names) {
  return "/2017-10-31/functions/" + percent_encode(names.function) + "/concurrency";
}

}  // namespace

Result<void> set_reserved(Shared& shared, const Names& names, std::int64_t most) {
  return done(shared.client->rest({.operation = "PutFunctionConcurrency",
                                   .resource = names.function,
                                   .method = "PUT",
                                   .path = concurrency_path(names),
                                   .body = Value::object({{"ReservedConcurrentExecutions", most}}),
                                   .idempotent = true}));
}

Result<void> put_concurrency(const Making& making, const Desired& desired) {
  MDL_TRY(const auto seen, making.shared.functions.settled(making.names.function, Milliseconds{300'000}));
  MDL_CHECK(check_ownership(making.names, seen));
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  const auto most = desired.spec["max"].as_integer();
  MDL_CHECK(set_reserved(making.shared, making.names, most));
  return done(making.shared.client->rest(
      {.operation = "TagResource",
       .resource = making.names.function,
       .method = "POST",
       .path = "/2017-03-31/tags/" + tag_path(seen.latest.arn),
       .body = Value::object({{"Tags", Value::object({{declared_tag, std::to_string(most)}})}}),
       .idempotent = true}));
}

Result<void> delete_concurrency(const Making& making) {
  MDL_TRY(const auto seen, making.shared.functions.function(making.names.function));
  if (!seen) return {};
  MDL_CHECK(check_ownership(making.names, *seen));
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  MDL_CHECK(or_gone(done(making.shared.client->rest({.operation = "DeleteFunctionConcurrency",
                                                     .resource = making.names.function,
                                                     .method = "DELETE",
                                                     .path = concurrency_path(making.names),
                                                     .idempotent = true}))));
  return or_gone(done(making.shared.client->rest({.operation = "UntagResource",
                                                  .resource = making.names.function,
                                                  .method = "DELETE",
                                                  .path = "/2017-03-31/tags/" + tag_path(seen->latest.arn),
                                                  .query = {{"tagKeys", declared_tag}},
                                                  .idempotent = true})));
}

}  // namespace mdl::aws::resources
