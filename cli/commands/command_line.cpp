#include "cli/commands/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "cli/commands/registry.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

std::string one_of(const std::vector<std::string_view>& choices) {
  std::string text;
  for (const auto choice : choices) text += (text.empty() ? "" : ", ") + std::string(choice);
  return text;
}

// What is wrong with a value; nullopt when it is of its type.
std::optional<std::string> wrong(OptionType type, const std::vector<std::string_view>& choices,
                                 const std::string& value) {
  switch (type) {
    case OptionType::flag:
    case OptionType::text:
      return std::nullopt;
    case OptionType::integer: {
      const auto number = parse_integer(value);
      if (number && *number >= -1'000'000'000 && *number <= 1'000'000'000) return std::nullopt;
      return fmt::format("'{}' is not a whole number", printable(value));
    }
    case OptionType::share:
      if (parse_share(value)) return std::nullopt;
      return fmt::format("'{}' is not a share such as 10% or 0.1", printable(value));
    case OptionType::duration:
      if (parse_duration(value)) return std::nullopt;
      return fmt::format("'{}' is not a duration such as 30s or 5m", printable(value));
    case OptionType::size:
      if (parse_size(value)) return std::nullopt;
      return fmt::format("'{}' is not a size such as 512Mi or 1Gi", printable(value));
    case OptionType::choice: {
      if (std::ranges::find(choices, value) != choices.end()) return std::nullopt;
      const auto near = nearest(value, choices);
      return fmt::format("'{}' is none of {}{}", printable(value), one_of(choices),
                         near ? "; did you mean '" + *near + "'?" : "");
    }
  }
  return std::nullopt;
}

std::optional<bool> truth(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "1" || text == "true" || text == "yes" || text == "on") return true;
  if (text.empty() || text == "0" || text == "false" || text == "no" || text == "off") return false;
  return std::nullopt;
}

std::unexpected<UsageError> usage(const Command& command, std::string message) {
  return std::unexpected(UsageError{std::move(message), std::string(command.name)});
}

std::string unknown_option(const Command& command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string_view> names;
  for (const auto& option : command.options)
    for (const auto part : split(option.names, ',')) names.push_back(part);
  const auto near = name.starts_with("--") ? nearest(name, names) : std::nullopt;
  return fmt::format("unknown option '{}'{}", printable(name), near ? "; did you mean '" + *near + "'?" : "");
}

// The words that belong to no option or positional.
std::optional<std::string> left_over(const Command& command, const std::vector<std::string>& words) {
  for (const auto& word : words)
    if (word.size() > 1 && word.starts_with('-') && word != "--") return unknown_option(command, word);
  for (const auto& word : words)
    if (word != "--") return fmt::format("unexpected argument '{}'", printable(word));
  return std::nullopt;
}

struct Definitions {
  CLI::App app;
  std::vector<CLI::Option*> options, positionals;
  CLI::Option* help = nullptr;
};

void define(const Command& command, Definitions& out) {
  out.app.set_help_flag();
  out.app.allow_extras();
  out.help = out.app.add_flag("-h,--help");
  for (const auto& option : command.options) {
    if (option.type == OptionType::flag) {
      out.options.push_back(out.app.add_flag(std::string(option.names)));
      continue;
    }
    auto* added = out.app.add_option(std::string(option.names));
    added->type_size(1)->expected(1, option.repeatable ? 1 << 20 : 1)->allow_extra_args(false);
    added->multi_option_policy(option.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                                 : CLI::MultiOptionPolicy::TakeLast);
    out.options.push_back(added);
  }
  for (const auto& positional : command.positionals) {
    auto* added = out.app.add_option(positional.key());
    added->type_size(1)->expected(1)->allow_extra_args(false);
    out.positionals.push_back(added);
  }
}

std::optional<std::string> from_variable(const Option& option, const Variables& variables,
                                         Arguments& arguments) {
  if (option.environment.empty() || arguments.has(option.key())) return std::nullopt;
  const auto value = variables(option.environment);
  if (!value || value->empty()) return std::nullopt;
  if (option.type == OptionType::flag) {
    const auto is = truth(*value);
    if (!is) return fmt::format("{}: '{}' is neither true nor false", option.environment, printable(*value));
    if (*is) arguments.add(option.key(), "true");
    return std::nullopt;
  }
  if (const auto problem = wrong(option.type, option.choices, *value))
    return fmt::format("{}: {}", option.environment, *problem);
  arguments.add(option.key(), *value);
  return std::nullopt;
}

std::expected<CommandLine, UsageError> collect(CommandLine line, const Definitions& defined,
                                               const Variables& variables) {
  const Command& command = line.command;
  if (const auto problem = left_over(command, defined.app.remaining())) return usage(command, *problem);
  for (std::size_t i = 0; i < command.options.size(); ++i) {
    const Option& option = command.options[i];
    for (const auto& value : defined.options[i]->results()) {
      if (option.type == OptionType::flag && value == "false") continue;
      if (const auto problem = wrong(option.type, option.choices, value))
        return usage(command, fmt::format("--{}: {}", option.key(), *problem));
      line.arguments.add(option.key(), value);
    }
    if (const auto problem = from_variable(option, variables, line.arguments))
      return usage(command, *problem);
  }
  for (std::size_t i = 0; i < command.positionals.size(); ++i) {
    const Positional& positional = command.positionals[i];
    const auto& values = defined.positionals[i]->results();
    if (values.empty() && positional.required)
      return usage(command, fmt::format("{} is missing", positional.name));
    for (const auto& value : values) {
      if (const auto problem = wrong(positional.type, positional.choices, value))
        return usage(command, fmt::format("{}: {}", positional.name, *problem));
      line.arguments.add(positional.key(), value);
    }
  }
  return line;
}

std::expected<CommandLine, UsageError> parse_words(CommandLine line, std::vector<std::string> words,
                                                   const Variables& variables) try {
  Definitions defined;
  define(line.command, defined);
  std::ranges::reverse(words);  // as CLI11 takes a vector
  defined.app.parse(words);
  if (defined.help->count() > 0) {
    line.help = true;
    return line;
  }
  return collect(std::move(line), defined, variables);
} catch (const CLI::ArgumentMismatch& error) {
  const std::string text = error.what();
  return usage(line.command, text.substr(0, text.find(':')) + " needs a value");
} catch (const CLI::Error& error) {
  return usage(line.command, error.what());
}

// The words to complete are half a command line: they are taken as they are.
CommandLine unparsed(CommandLine line, const std::vector<std::string>& words) {
  for (std::size_t i = !words.empty() && words.front() == "--" ? 1 : 0; i < words.size(); ++i)
    line.arguments.add("words", words[i]);
  return line;
}

UsageError unknown_command(const std::string& word) {
  std::vector<std::string_view> names;
  for (const auto& entry : registry())
    if (!entry.name.starts_with("__")) names.push_back(entry.name);
  const auto near = nearest(word, names);
  return {
      fmt::format("unknown command '{}'{}", printable(word), near ? "; did you mean '" + *near + "'?" : ""),
      ""};
}

}  // namespace

std::optional<std::size_t> command_position(const std::vector<std::string>& words) {
  constexpr std::array takes_value = {"-f",        "--file", "-t",       "--target", "-s",
                                      "--service", "-o",     "--output", "--set",    "--timeout"};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with('-') || words[i] == "-") return i;
    if (std::ranges::find(takes_value, words[i]) != takes_value.end()) ++i;
  }
  return std::nullopt;
}

std::expected<CommandLine, UsageError> parse_command_line(const std::vector<std::string>& words,
                                                          const Variables& variables) {
  const auto position = command_position(words);
  if (!position) {
    const bool help =
        words.empty() || std::ranges::any_of(words, [](const auto& w) { return w == "-h" || w == "--help"; });
    if (help) return CommandLine{.help = true};
    if (words.size() == 1 && (words[0] == "--version" || words[0] == "-V"))
      return parse_words({.command = version_command()}, {}, variables);
    return std::unexpected(UsageError{"a command is missing", ""});
  }
  const Entry* entry = find_command(words[*position]);
  if (entry == nullptr) return std::unexpected(unknown_command(words[*position]));
  auto rest = words;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(*position));
  if (entry->name == "__complete") return unparsed({.command = entry->make()}, rest);
  return parse_words({.command = entry->make()}, std::move(rest), variables);
}

}  // namespace mdl::cli
