#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/command.hpp"

namespace mdl::cli {

struct CommandLine {
  Command command;
  Arguments arguments;
  bool help = false;  // -h was given: nothing else was checked
};

// What is wrong with the words given, for people, and the command (if one was recognised) whose help explains
// it.
struct UsageError {
  std::string message;
  std::string command;
};

using Variables = std::function<std::optional<std::string>(std::string_view)>;

// `words` without the program's name. Options may stand before or after the command's name. Values are
// checked against their option's type; variables stand in for options that are not given. The only place that
// uses CLI11.
std::expected<CommandLine, UsageError> parse_command_line(const std::vector<std::string>& words,
                                                          const Variables& variables);

// The index of the command's name among the words; nullopt when there is none.
std::optional<std::size_t> command_position(const std::vector<std::string>& words);

}  // namespace mdl::cli
