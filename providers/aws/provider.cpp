#include "providers/aws/aws.hpp"
#include "providers/aws/parts.hpp"

namespace mdl::aws {

std::optional<Uploaded> Shared::zip(const std::string& artifact) {
  const std::lock_guard lock(mutex_);
  const auto found = made_.find(artifact);
  return found == made_.end() ? std::nullopt : std::optional(found->second);
}

void Shared::keep(const std::string& artifact, Uploaded zip) {
  const std::lock_guard lock(mutex_);
  made_.insert_or_assign(artifact, std::move(zip));
}

std::optional<std::string> Shared::url(const std::string& function) {
  const std::lock_guard lock(mutex_);
  const auto found = urls_.find(function);
  return found == urls_.end() ? std::nullopt : std::optional(found->second);
}

void Shared::note_url(const std::string& function, const std::optional<std::string>& url) {
  const std::lock_guard lock(mutex_);
  if (url)
    urls_.insert_or_assign(function, *url);
  else
    urls_.erase(function);
}

Result<provider::Provider> make_provider(Options options) {
  MDL_TRY(auto client, Client::open(std::move(options.client)));
  const auto place = client->region();
  const auto shared = std::make_shared<Shared>(std::move(client), std::move(options.zips));
  shared->role_given = options.role_given;
  return provider::Provider{.name = "aws",
                            .place = place,
                            .calls = mutating_calls(),
                            .limits = make_limits(shared),
                            .artifacts = make_artifacts(shared),
                            .secrets = make_secrets(shared),
                            .resources = make_resources(shared),
                            .health = make_health(shared),
                            .traffic = make_traffic(shared),
                            .capacity = make_capacity(),
                            .releases = make_releases(shared),
                            .scaling = make_scaling(shared),
                            .logs = make_logs(shared),
                            .metrics = make_metrics(shared),
                            .invoke = make_invoke(shared),
                            .inspect = make_inspect(shared)};
}

}  // namespace mdl::aws
