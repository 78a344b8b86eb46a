#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/views/scope.hpp"
#include "cli/views/style.hpp"
#include "core/engine/events.hpp"
#include "core/util/error.hpp"

namespace mdl::cli {

// "mdl.yaml:14:1: message: "the platform's words"", then the failed program's last lines, then what to run
// next.
std::string error_text(const Error& error, const std::vector<std::string>& next, const Style& style);
// The first line of it, without where it comes from.
std::string error_sentence(const Error& error);

// What can be run after an error of `command` (at `stage`, when a run got so far): the error's own commands
// first, each with the scope's options. Pure.
std::vector<std::string> next_commands(const Error& error, std::string_view command,
                                       std::optional<engine::Stage> stage, const Scope& scope);

// "Next:  a" or, for several, "Next:  a        Or:  b".
std::string next_text(const std::vector<std::string>& next);

// The indented lines that a program wrote last, under `title`.
std::string lines_text(std::string_view title, const std::vector<std::string>& lines);

}  // namespace mdl::cli
