#pragma once

#include <memory>

#include "core/provider/provider.hpp"
#include "providers/local/client.hpp"

// The interfaces of core/provider for this machine, one file each. `client` is shared by all of one provider.
namespace mdl::local {

using SharedClient = std::shared_ptr<const SupervisorClient>;

std::unique_ptr<provider::Limits> make_limits(const SharedClient& client);
std::unique_ptr<provider::Artifacts> make_artifacts(const SharedClient& client);
std::unique_ptr<provider::Secrets> make_secrets(const SharedClient& client);
std::unique_ptr<provider::Resources> make_resources(const SharedClient& client);
std::unique_ptr<provider::Health> make_health(const SharedClient& client);
std::unique_ptr<provider::Traffic> make_traffic(const SharedClient& client);
std::unique_ptr<provider::Capacity> make_capacity(const SharedClient& client);
std::unique_ptr<provider::Releases> make_releases(const SharedClient& client);
std::unique_ptr<provider::Logs> make_logs(const SharedClient& client);
std::unique_ptr<provider::Metrics> make_metrics(const SharedClient& client);
std::unique_ptr<provider::Invoke> make_invoke(const SharedClient& client);
std::unique_ptr<provider::Scaling> make_scaling(const SharedClient& client);
std::unique_ptr<provider::Inspect> make_inspect(const SharedClient& client);

}  // namespace mdl::local
