#pragma once

#include <vector>

#include "core/manifest/fields.hpp"

// The parts of the table of fields; fields() joins them.
namespace mdl::manifest::table {

void add_code(std::vector<Field>& fields);  // mdl, name, build, model, http
void add_operation(
    std::vector<Field>& fields);  // resources, scale, env, secrets, golden, metrics, hooks, rollout, needs
void add_targets(std::vector<Field>& fields);  // services, targets and the providers' settings

inline constexpr double kibi = 1024, mebi = kibi * kibi, gibi = mebi * kibi;
inline constexpr double second = 1'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;

}  // namespace mdl::manifest::table
