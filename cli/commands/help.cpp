#include "cli/commands/help.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "cli/commands/registry.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

constexpr std::array<std::pair<Group, std::string_view>, 4> groups{
    {{Group::start, "Start"},
     {Group::every_day, "Every day"},
     {Group::trouble, "When something is wrong"},
     {Group::scripts, "Scripts"}}};

std::string usage_line(const Command& command) {
  std::string out = fmt::format("mdl {}", command.name);
  for (const auto& positional : command.positionals)
    out += positional.required ? fmt::format(" {}", positional.name) : fmt::format(" [{}]", positional.name);
  return command.options.empty() ? out : out + " [options]";
}

// "-t, --target TARGET"; a long name without a short one is indented as if it had one.
std::string option_names(const Option& option) {
  std::string out;
  for (const auto part : split(option.names, ',')) out += (out.empty() ? "" : ", ") + std::string(part);
  if (out.starts_with("--")) out = "    " + out;
  return option.value.empty() ? out : out + " " + std::string(option.value);
}

std::string option_text(const Option& option) {
  std::string out(option.help);
  if (!option.choices.empty()) {
    out += ": ";
    for (std::size_t i = 0; i < option.choices.size(); ++i)
      out += (i > 0 ? ", " : "") + std::string(option.choices[i]);
  }
  if (!option.environment.empty()) out += fmt::format(" [{}]", option.environment);
  return out;
}

std::string wrapped(std::string_view text, int first_column, int width) {
  std::string out;
  int column = first_column;
  for (const auto word : split(text, ' ')) {
    const int length = columns(word);
    if (column > first_column && column + 1 + length > width) {
      out += "\n" + std::string(static_cast<std::size_t>(first_column), ' ');
      column = first_column;
    } else if (column > first_column) {
      out += ' ';
      ++column;
    }
    out += word;
    column += length;
  }
  return out;
}

std::string rows(const std::vector<std::pair<std::string, std::string>>& items, int width) {
  int column = 0;
  for (const auto& [left, right] : items) column = std::max(column, columns(left));
  column = std::min(column, 36) + 4;
  std::string out;
  for (const auto& [left, right] : items) {
    const bool fits = columns(left) + 4 <= column;
    out += "  " +
           (fits ? pad(left, column - 2) : left + "\n" + std::string(static_cast<std::size_t>(column), ' '));
    out += wrapped(right, column, width) + "\n";
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> option_rows(const Command& command) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& positional : command.positionals) {
    std::string text(positional.help);
    for (std::size_t i = 0; i < positional.choices.size(); ++i)
      text += (i == 0 ? ": " : ", ") + std::string(positional.choices[i]);
    out.emplace_back(positional.name, text);
  }
  for (const auto& option : command.options) out.emplace_back(option_names(option), option_text(option));
  out.emplace_back("-h, --help", "This text");
  return out;
}

}  // namespace

std::string overview(const Style& style) {
  std::string out = "mdl deploys a model service from one manifest, and looks after it for life.\n";
  for (const auto& [group, title] : groups) {
    std::vector<std::pair<std::string, std::string>> items;
    for (const auto& entry : registry()) {
      const Command command = entry.make();
      if (command.group == group) items.emplace_back(command.name, command.summary);
    }
    if (items.empty()) continue;
    out += "\n" + paint(style, Colour::bold, title) + "\n" + rows(items, std::clamp(style.width, 60, 100));
  }
  return out + "\nMore on each:  mdl <command> --help\n";
}

std::string command_help(const Command& command, const Style& style) {
  const int width = std::clamp(style.width, 60, 100);
  std::string out = fmt::format("{}.\n", command.summary);
  if (!command.description.empty()) out += "\n" + wrapped(command.description, 0, width) + "\n";
  out += "\n" + paint(style, Colour::bold, "Usage") + "\n  " + usage_line(command) + "\n";
  std::vector<std::pair<std::string, std::string>> examples;
  for (const auto& example : command.examples) examples.emplace_back(example.line, example.text);
  out += fmt::format("\n{}\n", paint(style, Colour::bold, examples.size() == 1 ? "Example" : "Examples"));
  out += rows(examples, width);
  return out + "\n" + paint(style, Colour::bold, "Options") + "\n" + rows(option_rows(command), width);
}

std::string reference_page() {
  std::string out =
      "# Commands\n\n"
      "Generated from the command definitions in `cli/commands`; a test keeps it true. Exit codes, output "
      "formats and\n"
      "environment variables stand at the end.\n";
  for (const auto& [group, title] : groups) {
    out += fmt::format("\n## {}\n", title);
    for (const auto& entry : registry()) {
      const Command command = entry.make();
      if (command.group != group) continue;
      out += fmt::format("\n### mdl {}\n\n{}.", command.name, command.summary);
      if (!command.description.empty()) out += fmt::format(" {}", command.description);
      out += fmt::format("\n\n```\n{}\n```\n\n", usage_line(command));
      for (const auto& example : command.examples)
        out += fmt::format("- `{}`: {}\n", example.line, example.text);
      out += "\n| option | |\n| --- | --- |\n";
      for (auto [names, text] : option_rows(command)) {
        if (names.starts_with("    ")) names.erase(0, 4);
        out += fmt::format("| `{}` | {} |\n", names, text);
      }
    }
  }
  out += R"(
## For machines

stdout is data, stderr is progress. `-o json` (or `yaml`) prints one document, on failure too, with at least `command`, `ok`,
`exit` and `duration_ms`; `next` holds the commands to run. Durations are milliseconds, sizes bytes, times RFC 3339 in
UTC. `--events` streams JSON lines (`stage.begin`, `stage.progress`, `stage.line`, `stage.end`, and `result` with the document).

| exit code | meaning |
| --- | --- |
| 0 | done, or nothing to do |
| 1 | failed; nothing was changed |
| 2 | wrong usage; with `plan --detailed-exitcode`: there are changes |
| 3 | failed; the previous release serves |
| 4 | failed; needs attention: the message says what, and which command |
| 5 | lost a race, or what the plan was made from has moved |
| 6 | refused: the release now live could not be restored afterwards |
| 130 | interrupted; the message says how to go on |

An option that names a variable in brackets takes its value from there when it is not given. `NO_COLOR`, `TERM=dumb`
and `CI` are honoured: no colour, no moving lines, no questions. `MDL_HOME` is where the target `local` keeps its state
(default: `$XDG_DATA_HOME/mdl`, else `~/.local/share/mdl`). Journals and caches are below `$MDL_HOME/state` when it is set, else
below `$XDG_STATE_HOME/mdl`; both may be deleted at any time. Defaults for all manifests stand in `$XDG_CONFIG_HOME/mdl/config.yaml`.
)";
  return out;
}

}  // namespace mdl::cli
