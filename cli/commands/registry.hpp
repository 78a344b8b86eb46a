#pragma once

#include <span>
#include <string_view>

#include "cli/commands/command.hpp"

// All commands. Each is defined in its own file, beside the function that runs it.
namespace mdl::cli {

struct Entry {
  std::string_view name;
  Command (*make)();
};

// In the order of the overview. Only the definition that is asked for gets made: a command starts without the
// others.
std::span<const Entry> registry();
// nullptr when there is no such command.
const Entry* find_command(std::string_view name);

Command init_command();
Command validate_command();
Command schema_command();
Command doctor_command();
Command plan_command();
Command build_command();
Command push_command();
Command deploy_command();
Command status_command();
Command releases_command();
Command rollback_command();
Command promote_command();
Command scale_command();
Command logs_command();
Command metrics_command();
Command invoke_command();
Command open_command();
Command destroy_command();
Command resume_command();
Command gc_command();
Command policy_command();
Command completion_command();
Command version_command();
Command help_command();
Command supervise_command();  // also what the local target runs in the background
Command complete_command();   // hidden: what completion scripts call

}  // namespace mdl::cli
