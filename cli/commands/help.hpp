#pragma once

#include <string>

#include "cli/commands/command.hpp"
#include "cli/views/style.hpp"

namespace mdl::cli {

// `mdl` alone: the commands, grouped, one line each.
std::string overview(const Style& style);
// `mdl <command> --help`
std::string command_help(const Command& command, const Style& style);
// docs/cli.md
std::string reference_page();

}  // namespace mdl::cli
