#include "cli/commands/command_line.hpp"

#include <doctest/doctest.h>

#include "cli/commands/registry.hpp"

using namespace mdl::cli;

namespace {

std::optional<std::string> none(std::string_view) { return std::nullopt; }

auto parse(const std::vector<std::string>& words) { return parse_command_line(words, none); }

std::string error_of(const std::vector<std::string>& words) {
  const auto line = parse(words);
  return line ? "" : line.error().message;
}

}  // namespace

TEST_CASE("cli: options may stand before and after the command") {
  for (const auto& words : {std::vector<std::string>{"-t", "prod", "validate", "--set", "a=1"},
                            std::vector<std::string>{"validate", "--target=prod", "--set=a=1"}}) {
    const auto line = parse(words);
    REQUIRE(line);
    CHECK(line->command.name == "validate");
    CHECK(line->arguments.text("target") == "prod");
    CHECK(line->arguments.texts("set") == std::vector<std::string>{"a=1"});
  }
}

TEST_CASE("cli: an unknown command or option names the nearest one") {
  CHECK(error_of({"valdate"}) == "unknown command 'valdate'; did you mean 'validate'?");
  CHECK(error_of({"validate", "--outptu", "json"}) == "unknown option '--outptu'; did you mean '--output'?");
  CHECK(error_of({"validate", "--zzzzzz"}) == "unknown option '--zzzzzz'");
  CHECK(error_of({"validate", "extra"}) == "unexpected argument 'extra'");
}

TEST_CASE("cli: values are checked against their option's type") {
  CHECK(error_of({"validate", "-o", "jsn"}) ==
        "--output: 'jsn' is none of text, json, yaml; did you mean 'json'?");
  CHECK(error_of({"validate", "--target"}).find("needs a value") != std::string::npos);
}

TEST_CASE("cli: a repeated option keeps all values, another one its last") {
  const auto line = parse({"validate", "--set", "a=1", "--set", "b=[1,2]", "-t", "x", "-t", "y"});
  REQUIRE(line);
  CHECK(line->arguments.texts("set") == std::vector<std::string>{"a=1", "b=[1,2]"});
  CHECK(line->arguments.text("target") == "y");
}

TEST_CASE("cli: a variable stands in for an option that is not given") {
  const Variables variables = [](std::string_view name) -> std::optional<std::string> {
    if (name == "MDL_TARGET") return "prod";
    if (name == "MDL_NO_COLOR") return "yes";
    if (name == "MDL_OUTPUT") return "json";
    return std::nullopt;
  };
  const auto line = parse_command_line({"validate", "-o", "yaml"}, variables);
  REQUIRE(line);
  CHECK(line->arguments.text("target") == "prod");
  CHECK(line->arguments.has("no-color"));
  CHECK(line->arguments.text("output") == "yaml");
}

TEST_CASE("cli: help wins over everything else that is wrong") {
  const auto line = parse({"validate", "--nonsense", "-h"});
  REQUIRE(line);
  CHECK(line->help);
}

TEST_CASE("cli: every visible command has a summary, an example that names it, and options that read well") {
  for (const auto& entry : registry()) {
    const Command command = entry.make();
    CAPTURE(command.name);
    CHECK(command.name == entry.name);
    CHECK((command.run != nullptr));
    if (command.group == Group::hidden) continue;
    CHECK(!command.summary.empty());
    CHECK(command.summary.back() != '.');
    REQUIRE(!command.examples.empty());
    for (const auto& example : command.examples)
      CHECK(example.line.starts_with("mdl " + std::string(command.name)));
    for (const auto& option : command.options) {
      CAPTURE(option.names);
      CHECK(!option.help.empty());
      CHECK((option.type == OptionType::flag) == option.value.empty());
      CHECK((option.type == OptionType::choice) == !option.choices.empty());
    }
  }
}

TEST_CASE("cli: a share is a percentage or a part of one") {
  CHECK(parse_share("10%").value_or(-1) == doctest::Approx(0.1));
  CHECK(parse_share("0.25").value_or(-1) == doctest::Approx(0.25));
  CHECK(!parse_share("110%"));
  CHECK(!parse_share("ten"));
  CHECK(!parse_share(""));
}
