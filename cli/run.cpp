#include "cli/run.hpp"

#include <cstdlib>
#include <signal.h>
#include <unistd.h>

#include "cli/commands/command_line.hpp"
#include "cli/commands/help.hpp"
#include "cli/commands/report.hpp"
#include "cli/console.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

std::optional<std::string> variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Format parse_format(std::string_view name) {
  return name == "json"       ? Format::json
         : name == "yaml"     ? Format::yaml
         : name == "markdown" ? Format::markdown
                              : Format::text;
}

// The format asked for, found without parsing: wrong usage is reported in it too.
Format wanted_format(const std::vector<std::string>& words) {
  std::string name = variable("MDL_OUTPUT").value_or("");
  for (std::size_t i = 0; i < words.size(); ++i) {
    if ((words[i] == "-o" || words[i] == "--output") && i + 1 < words.size()) name = words[i + 1];
    if (words[i].starts_with("--output=")) name = words[i].substr(9);
    if (words[i].size() > 2 && words[i].starts_with("-o")) name = words[i].substr(2);
  }
  return parse_format(name);
}

void fill(Context& context, const Command& command, const Arguments& arguments) {
  context.command = command.name;
  context.format = parse_format(arguments.text("output", "text"));
  context.events = arguments.has("events");
  context.quiet = arguments.has("quiet");
  context.verbose = arguments.has("verbose");
  const bool ci = !variable("CI").value_or("").empty();
  context.interactive =
      !arguments.has("no-input") && !ci && context.err.style().terminal && ::isatty(STDIN_FILENO) == 1;
  // What came from a variable stays in force for the next command, so only what was typed is repeated.
  context.scope.file = arguments.text("file") == variable("MDL_FILE") ? "" : arguments.text("file");
  context.scope.target = arguments.text("target") == variable("MDL_TARGET") ? "" : arguments.text("target");
  const auto services = arguments.texts("service");
  if (services.size() == 1) context.scope.service = services.front();
}

}  // namespace

int run(const std::string& program, const std::vector<std::string>& words) {
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe is seen where it is written to
  auto line = parse_command_line(words, variable);
  const bool no_color = line && line->arguments.has("no-color");
  Console out(STDOUT_FILENO, detect_style(STDOUT_FILENO, no_color));
  Console err(STDERR_FILENO, detect_style(STDERR_FILENO, no_color));
  Context context{
      .out = out, .err = err, .clock = system_clock(), .sleeper = system_sleeper(), .variables = variable};
  context.program = program;
  context.started = context.clock.elapsed();
  if (!line) {
    context.command = line.error().command;
    context.format = wanted_format(words);
    return finish(context, usage_report(context, line.error().message));
  }
  if (line->help) {
    out.text(line->command.name.empty() ? overview(out.style()) : command_help(line->command, out.style()));
    return 0;
  }
  fill(context, line->command, line->arguments);
  return line->command.run(context, line->arguments);
}

}  // namespace mdl::cli
