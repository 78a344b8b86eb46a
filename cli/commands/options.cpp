#include "cli/commands/options.hpp"

namespace mdl::cli {

Option file_option() {
  return {.names = "-f,--file",
          .type = OptionType::text,
          .value = "FILE",
          .help = "The manifest, or a folder that holds mdl.yaml (default: mdl.yaml)",
          .completes = Completes::files,
          .environment = "MDL_FILE"};
}

Option long_file_option() {
  Option option = file_option();
  option.names = "--file";
  return option;
}

Option target_option() {
  return {.names = "-t,--target",
          .type = OptionType::text,
          .value = "TARGET",
          .help = "The target, as named in the manifest (default: its only one, else local)",
          .completes = Completes::targets,
          .environment = "MDL_TARGET"};
}

Option services_option() {
  return {.names = "-s,--service",
          .type = OptionType::text,
          .value = "NAME",
          .help = "Only this service of a project of several; may be repeated (default: all)",
          .completes = Completes::services,
          .repeatable = true};
}

Option service_option() {
  return {.names = "-s,--service",
          .type = OptionType::text,
          .value = "NAME",
          .help = "The service, in a project of several",
          .completes = Completes::services};
}

Option set_option() {
  return {.names = "--set",
          .type = OptionType::text,
          .value = "FIELD=VALUE",
          .help = "Set a manifest field for this run: --set scale.max=5; may be repeated",
          .repeatable = true};
}

Option output_option(std::vector<std::string_view> formats) {
  return {.names = "-o,--output",
          .type = OptionType::choice,
          .value = "FORMAT",
          .help = "The form of the result",
          .choices = std::move(formats),
          .environment = "MDL_OUTPUT"};
}

Option events_option() {
  return {.names = "--events",
          .help = "Stream JSON lines on stdout while it goes; the last one is the result"};
}

Option yes_option() { return {.names = "-y,--yes", .help = "Do not ask", .environment = "MDL_YES"}; }

Option no_input_option() {
  return {.names = "--no-input",
          .help = "Never ask: fail where a question would be needed",
          .environment = "MDL_NO_INPUT"};
}

Option timeout_option(std::string_view help) {
  return {.names = "--timeout",
          .type = OptionType::duration,
          .value = "DURATION",
          .help = help,
          .environment = "MDL_TIMEOUT"};
}

std::vector<Option> reading_options() {
  auto options = common_options();
  options.erase(options.begin() + 1);
  return options;
}

std::vector<Option> common_options() {
  return {{.names = "-v,--verbose",
           .help = "Show each call to the platform on stderr",
           .environment = "MDL_VERBOSE"},
          {.names = "-q,--quiet", .help = "No progress on stderr", .environment = "MDL_QUIET"},
          {.names = "--no-color",
           .help = "No colour (NO_COLOR and TERM=dumb do the same)",
           .environment = "MDL_NO_COLOR"}};
}

std::vector<Option> with(std::vector<Option> own, const std::vector<Option>& shared) {
  own.insert(own.end(), shared.begin(), shared.end());
  return own;
}

}  // namespace mdl::cli
