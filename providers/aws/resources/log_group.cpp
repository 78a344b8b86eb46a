#include "providers/aws/resources/kinds.hpp"

namespace mdl::aws::resources {

Seen read_log_group(Shared& shared, const Names& names) {
  // A prefix finds longer names too; the group itself is the first in order.
  MDL_TRY(const auto answer,
          shared.client->json(Service::logs, "DescribeLogGroups",
                              Value::object({{"logGroupNamePrefix", names.log_group}, {"limit", 1}}), true));
  for (const auto& group : answer["logGroups"].as_array())
    if (group["logGroupName"].as_string() == names.log_group)
      return Observed{.id = {"log-group", names.log_group},
                      .spec = Value::object({{"retention_days", group["retentionInDays"].as_integer()}})};
  return std::nullopt;
}

Result<void> put_log_group(const Making& making, const Desired& desired) {
  auto& client = *making.shared.client;
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  const auto tags =
      Value::object({{service_tag, making.names.ref.service}, {target_tag, making.names.ref.target}});
  auto created = client.json(Service::logs, "CreateLogGroup",
                             Value::object({{"logGroupName", making.names.log_group}, {"tags", tags}}), true);
  if (!created && created.error().kind != ErrorKind::conflict) return done(std::move(created));
  return done(client.json(Service::logs, "PutRetentionPolicy",
                          Value::object({{"logGroupName", making.names.log_group},
                                         {"retentionInDays", desired.spec["retention_days"]}}),
                          true));
}

Result<void> delete_log_group(const Making& making) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  return or_gone(done(making.shared.client->json(
      Service::logs, "DeleteLogGroup", Value::object({{"logGroupName", making.names.log_group}}), true)));
}

}  // namespace mdl::aws::resources
