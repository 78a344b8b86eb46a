#include "core/util/text.hpp"
#include "providers/aws/resources/kinds.hpp"

// The role that the function runs as, its policy, and those of releases with secrets.
namespace mdl::aws::resources {

namespace {

bool is_ours(const Xml& role, const Names& names) {
  bool service = false, target = false;
  const auto* tags = role.find("Tags");
  if (tags == nullptr) return false;
  for (const auto& tag : tags->children) {
    const auto &key = tag.text_of("Key"), &value = tag.text_of("Value");
    service = service || (key == service_tag && value == names.ref.service);
    target = target || (key == target_tag && value == names.ref.target);
  }
  return service && target;
}

// Documents come percent-encoded.
Value document(const std::string& text) {
  auto value = parse_json(percent_decode(text).value_or(text));
  return value ? *value : Value(text);
}

plan::ResourceId role_id(const Names& names) { return {"role", names.role}; }
plan::ResourceId policy_id(const Names& names) { return {"role-policy", names.role + "/" + policy_name}; }

// Where the target names a role, one of ours is looked for only as far as that is allowed: it would be left
// over.
bool may_be_skipped(const Shared& shared, const Error& error) {
  return error.kind == ErrorKind::not_found || (shared.role_given && error.kind == ErrorKind::denied);
}

}  // namespace

Result<void> or_gone(Result<void> result) {
  if (!result && result.error().kind == ErrorKind::not_found) return {};
  return result;
}

Seen read_role(Shared& shared, const Names& names) {
  const auto answer = shared.client->query(Service::iam, "GetRole", {{"RoleName", names.role}}, true);
  if (!answer && may_be_skipped(shared, answer.error())) return std::nullopt;
  if (!answer) return std::unexpected(answer.error());
  const auto* role = answer->find("Role");
  if (role == nullptr) return fail(ErrorKind::unavailable, "GetRole: the answer has no role");
  if (!is_ours(*role, names))
    return fail(Error{.kind = ErrorKind::refused,
                      .message = "the role " + names.role + " exists and was not made for " +
                                 names.ref.service + " on " + names.ref.target,
                      .resource = plan::to_string(role_id(names))});
  return Observed{.id = role_id(names),
                  .spec = Value::object({{"trust", document(role->text_of("AssumeRolePolicyDocument"))}}),
                  .status = Value::object({{"arn", role->text_of("Arn")}})};
}

Result<void> put_role(const Making& making, const Desired& desired) {
  const auto trust = dump(desired.spec["trust"]);
  const auto& names = making.names;
  MDL_TRY(const auto seen, read_role(making.shared, names));
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  if (seen)
    return done(making.shared.client->query(Service::iam, "UpdateAssumeRolePolicy",
                                            {{"RoleName", names.role}, {"PolicyDocument", trust}}, true));
  auto created = making.shared.client->query(
      Service::iam, "CreateRole",
      {{"RoleName", names.role},
       {"AssumeRolePolicyDocument", trust},
       {"Description", "Made by mdl for " + names.ref.service + " on " + names.ref.target},
       {"Tags.member.1.Key", service_tag},
       {"Tags.member.1.Value", names.ref.service},
       {"Tags.member.2.Key", target_tag},
       {"Tags.member.2.Value", names.ref.target}},
      true);
  // Made by the call whose answer was lost, or by another run of this very release: either way it is looked
  // at.
  if (!created && created.error().kind == ErrorKind::conflict) return done(read_role(making.shared, names));
  return done(std::move(created));
}

Result<void> delete_role(const Making& making) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  return or_gone(
      done(making.shared.client->query(Service::iam, "DeleteRole", {{"RoleName", making.names.role}}, true)));
}

Seen read_policy(Shared& shared, const Names& names) {
  const auto answer = shared.client->query(Service::iam, "GetRolePolicy",
                                           {{"RoleName", names.role}, {"PolicyName", policy_name}}, true);
  if (!answer && may_be_skipped(shared, answer.error())) return std::nullopt;
  if (!answer) return std::unexpected(answer.error());
  return Observed{.id = policy_id(names),
                  .spec = Value::object({{"policy", document(answer->text_of("PolicyDocument"))}})};
}

Result<void> put_policy(const Making& making, const Desired& desired) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  return done(making.shared.client->query(Service::iam, "PutRolePolicy",
                                          {{"RoleName", making.names.role},
                                           {"PolicyName", policy_name},
                                           {"PolicyDocument", dump(desired.spec["policy"])}},
                                          true));
}

Result<void> delete_policy(const Making& making) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  return or_gone(done(
      making.shared.client->query(Service::iam, "DeleteRolePolicy",
                                  {{"RoleName", making.names.role}, {"PolicyName", policy_name}}, true)));
}

Result<std::vector<Observed>> read_secret_policies(Shared& shared, const Names& names) {
  std::vector<Observed> found;
  Pairs form{{"RoleName", names.role}};
  for (bool more = true; more;) {
    const auto answer = shared.client->query(Service::iam, "ListRolePolicies", form, true);
    if (!answer && may_be_skipped(shared, answer.error())) return found;
    if (!answer) return std::unexpected(answer.error());
    if (const auto* policies = answer->find("PolicyNames"))
      for (const auto& one : policies->children) {
        const auto release = release_of_policy(one.text);
        if (!release) continue;
        const auto policy = shared.client->query(Service::iam, "GetRolePolicy",
                                                 {{"RoleName", names.role}, {"PolicyName", one.text}}, true);
        if (!policy && policy.error().kind == ErrorKind::not_found) continue;
        if (!policy) return std::unexpected(policy.error());
        found.push_back({.id = secret_policy_id(names, *release),
                         .release = *release,
                         .spec = Value::object({{"policy", document(policy->text_of("PolicyDocument"))}})});
      }
    more = answer->text_of("IsTruncated") == "true";
    form = {{"RoleName", names.role}, {"Marker", answer->text_of("Marker")}};
  }
  return found;
}

Result<void> put_secret_policy(const Making& making, const Desired& desired) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  return done(
      making.shared.client->query(Service::iam, "PutRolePolicy",
                                  {{"RoleName", making.names.role},
                                   {"PolicyName", desired.id.name.substr(desired.id.name.rfind('/') + 1)},
                                   {"PolicyDocument", dump(desired.spec["policy"])}},
                                  true));
}

Result<void> delete_secret_policy(const Making& making, const plan::ResourceId& id) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  return or_gone(done(making.shared.client->query(
      Service::iam, "DeleteRolePolicy",
      {{"RoleName", making.names.role}, {"PolicyName", id.name.substr(id.name.rfind('/') + 1)}}, true)));
}

}  // namespace mdl::aws::resources
