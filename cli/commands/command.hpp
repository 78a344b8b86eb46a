#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/util/clock.hpp"

// What a command is: one value from which parsing, help, docs/cli.md and completion all come.
namespace mdl::cli {

struct Context;
class Arguments;

enum class OptionType { flag, text, integer, share, duration, size, choice };
enum class Completes { nothing, files, folders, targets, services, releases, commands };

struct Option {
  std::string_view names;  // "-t,--target"; the long name is the key in Arguments
  OptionType type = OptionType::flag;
  std::string_view value;  // "TARGET", for help
  std::string_view help;
  Completes completes = Completes::nothing;
  std::vector<std::string_view> choices;  // of a choice
  std::string_view environment;           // a variable that sets it when the option is not given
  bool repeatable = false;
  std::string_view key() const;  // "target"
};

struct Positional {
  std::string_view name;  // "RELEASE"; in lower case the key in Arguments
  OptionType type = OptionType::text;
  std::string_view help;
  bool required = false;
  Completes completes = Completes::nothing;
  std::vector<std::string_view> choices;
  std::string key() const;
};

struct Example {
  std::string_view line, text;
};

enum class Group { start, every_day, trouble, scripts, hidden };

struct Command {
  std::string_view name;
  Group group = Group::hidden;
  std::string_view summary;      // "Make a new release and give it the traffic once it is healthy"
  std::string_view description;  // further sentences, for help; may be empty
  std::vector<Positional> positionals;
  std::vector<Option> options;
  std::vector<Example> examples;
  int (*run)(Context&, const Arguments&) = nullptr;
};

// The values given for a command's options and positionals, checked against their types.
class Arguments {
 public:
  void add(std::string_view key, std::string value);
  bool has(std::string_view key) const;  // given, or set by its environment variable
  std::string text(std::string_view key, std::string_view fallback = "") const;  // the last one given
  std::vector<std::string> texts(std::string_view key) const;
  std::optional<int> integer(std::string_view key) const;
  std::optional<double> share(std::string_view key) const;  // "10%" and "0.1" are 0.1
  std::optional<Milliseconds> duration(std::string_view key) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// "10%" or "0.1" as 0…1; nullopt for anything else.
std::optional<double> parse_share(std::string_view text);

}  // namespace mdl::cli
