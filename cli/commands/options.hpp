#pragma once

#include "cli/commands/command.hpp"

// Options that several commands share. A command lists only those that have an effect on it.
namespace mdl::cli {

Option file_option();
Option long_file_option();  // without -f, where -f means follow
Option target_option();
Option services_option();  // repeatable
Option service_option();   // one
Option set_option();
Option output_option(std::vector<std::string_view> formats = {"text", "json", "yaml"});
Option events_option();
Option yes_option();
Option no_input_option();
Option timeout_option(std::string_view help);

// -v, --no-color: commands that ask the platform; -q too: those that show progress or notes.
std::vector<Option> reading_options();
std::vector<Option> common_options();
// The options of `own`, then those of `shared`.
std::vector<Option> with(std::vector<Option> own, const std::vector<Option>& shared);

}  // namespace mdl::cli
