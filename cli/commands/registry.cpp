#include "cli/commands/registry.hpp"

#include <algorithm>
#include <array>

namespace mdl::cli {

namespace {

constexpr std::array entries = {
    Entry{"init", init_command},
    Entry{"validate", validate_command},
    Entry{"doctor", doctor_command},
    Entry{"deploy", deploy_command},
    Entry{"invoke", invoke_command},
    Entry{"open", open_command},
    Entry{"status", status_command},
    Entry{"plan", plan_command},
    Entry{"releases", releases_command},
    Entry{"rollback", rollback_command},
    Entry{"promote", promote_command},
    Entry{"scale", scale_command},
    Entry{"metrics", metrics_command},
    Entry{"logs", logs_command},
    Entry{"resume", resume_command},
    Entry{"gc", gc_command},
    Entry{"destroy", destroy_command},
    Entry{"build", build_command},
    Entry{"push", push_command},
    Entry{"policy", policy_command},
    Entry{"schema", schema_command},
    Entry{"completion", completion_command},
    Entry{"version", version_command},
    Entry{"help", help_command},
    Entry{"supervise", supervise_command},
    Entry{"__complete", complete_command},
};

}  // namespace

std::span<const Entry> registry() { return entries; }

const Entry* find_command(std::string_view name) {
  const auto found = std::ranges::find(entries, name, &Entry::name);
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace mdl::cli
