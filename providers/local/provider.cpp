#include "providers/local/local.hpp"
#include "providers/local/parts.hpp"

namespace mdl::local {

provider::Provider make_provider(const Options& options) {
  const auto client = std::make_shared<const SupervisorClient>(options);
  return {.name = "local",
          .place = "this machine",
          .calls = mutating_calls(),
          .limits = make_limits(client),
          .artifacts = make_artifacts(client),
          .secrets = make_secrets(client),
          .resources = make_resources(client),
          .health = make_health(client),
          .traffic = make_traffic(client),
          .capacity = make_capacity(client),
          .releases = make_releases(client),
          .scaling = make_scaling(client),
          .logs = make_logs(client),
          .metrics = make_metrics(client),
          .invoke = make_invoke(client),
          .inspect = make_inspect(client)};
}

}  // namespace mdl::local
