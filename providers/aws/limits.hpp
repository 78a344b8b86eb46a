#pragma once

#include <vector>

#include "core/manifest/service.hpp"
#include "core/provider/provider.hpp"

namespace mdl::aws {

// Why this provider does not honour a field; nullopt when it does. Pure.
std::optional<std::string> refusal(std::string_view field, const manifest::Service& service);

// What can be known of a service without asking AWS: runtime and its dates, names, figures that go together.
// Pure.
std::vector<manifest::Problem> examine_service(const manifest::Service& service, Time now);

}  // namespace mdl::aws
