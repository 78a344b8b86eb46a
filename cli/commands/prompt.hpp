#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/commands/context.hpp"

// Questions on the terminal, for interactive contexts only: on stderr, answered on stdin.
namespace mdl::cli {

// "… [y/N]"
bool ask_yes(Context& context, const std::string& question);
// A numbered choice; nullopt when nothing, or nothing that was offered, was answered.
std::optional<std::size_t> ask_choice(Context& context, const std::string& question,
                                      const std::vector<std::string>& choices);

}  // namespace mdl::cli
