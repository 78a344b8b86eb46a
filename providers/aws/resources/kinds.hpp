#pragma once

#include <functional>

#include "providers/aws/parts.hpp"

// How each kind of resource is read, made and removed; one file a subject. Every call may be repeated: what
// exists as it is wanted, and what is gone, is success.
namespace mdl::aws::resources {

using plan::Desired;
using plan::Observed;

// One change, and what it may be made with.
struct Making {
  Shared& shared;
  const Names& names;
  const release::ServiceRef& ref;
  const provider::Fence& fence;
};
using Seen = Result<std::optional<Observed>>;

Seen read_role(Shared& shared, const Names& names);
Result<void> put_role(const Making& making, const Desired& desired);
Result<void> delete_role(const Making& making);

Seen read_policy(Shared& shared, const Names& names);
Result<void> put_policy(const Making& making, const Desired& desired);
Result<void> delete_policy(const Making& making);

// The policies of releases with secrets.
Result<std::vector<Observed>> read_secret_policies(Shared& shared, const Names& names);
Result<void> put_secret_policy(const Making& making, const Desired& desired);
Result<void> delete_secret_policy(const Making& making, const plan::ResourceId& id);

Seen read_log_group(Shared& shared, const Names& names);
Result<void> put_log_group(const Making& making, const Desired& desired);
Result<void> delete_log_group(const Making& making);

// Errors: refused for a function of that name that does not bear this service's and target's tags.
Result<void> check_ownership(const Names& names, const Function& function);
Result<void> create_function(const Making& making, const Desired& desired);
Result<void> tag_function(const Making& making, const Desired& desired);
Result<void> delete_function(const Making& making);

Result<void> set_reserved(Shared& shared, const Names& names, std::int64_t most);
Result<void> put_concurrency(const Making& making, const Desired& desired);
Result<void> delete_concurrency(const Making& making);

// Instances that are kept ready for the alias; nullopt: none are.
struct Provisioned {
  std::int64_t wanted = 0, ready = 0;
  std::string status, reason;  // IN_PROGRESS, READY, FAILED
};
Result<std::optional<Provisioned>> read_provisioned(Shared& shared, const Names& names);
// Waits until they are ready, by looking. 0: none. Errors: failed, with Lambda's reason; timeout.
Result<void> set_provisioned(Shared& shared, const Names& names, std::int64_t least);
Result<void> put_provisioned(const Making& making, const Desired& desired);
Result<void> delete_provisioned(const Making& making);

// Brings $LATEST to the release's code and configuration and publishes it. Each of its calls carries the
// RevisionId of the $LATEST that was compared, so that two runs never publish each other's.
Result<void> publish_version(const Making& making, const Desired& desired);
Result<void> delete_version(const Making& making, int release);

Result<std::vector<Observed>> read_permissions(Shared& shared, const Names& names);
Result<void> add_permission(const Making& making, const Desired& desired);
Result<void> remove_permission(const Making& making, const std::string& statement);

Seen read_url(Shared& shared, const Names& names);
Result<std::string> url_address(Shared& shared, const Names& names);
Result<void> put_url(const Making& making, const Desired& desired);
Result<void> delete_url(const Making& making);

// The note of shared things, see note.hpp. It is taken away before one of them is changed.
Result<void> put_note(const Making& making, const Desired& desired);
Result<void> delete_note(const Making& making);
Result<void> before_note(const Making& making);
Result<void> around_delete(const Making& making, const plan::ResourceId& id,
                           const std::function<Result<void>()>& remove);

// A result in which "it is not there" is success.
Result<void> or_gone(Result<void> result);
template <class T>
Result<void> done(Result<T> result) {
  if (!result) return std::unexpected(std::move(result).error());
  return {};
}

}  // namespace mdl::aws::resources
