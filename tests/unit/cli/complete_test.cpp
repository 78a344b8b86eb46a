#include "cli/commands/complete.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace mdl::cli;

namespace {

std::vector<std::string> words_of(const std::vector<std::string>& words) {
  const Names names = [](Completes what, const std::vector<std::string>&) -> std::vector<Candidate> {
    if (what == Completes::targets) return {{"local", ""}, {"prod", ""}, {"prod-eu", ""}};
    if (what == Completes::releases) return {{"7", "restorable"}, {"8", "live"}};
    return {};
  };
  std::vector<std::string> out;
  for (const auto& candidate : complete(words, names)) out.push_back(candidate.word);
  return out;
}

bool has(const std::vector<std::string>& all, const std::string& word) {
  return std::ranges::find(all, word) != all.end();
}

}  // namespace

TEST_CASE("cli: commands, options, choices, targets and releases are completed where they can stand") {
  CHECK(words_of({"roll"}) == std::vector<std::string>{"rollback"});
  CHECK(words_of({"-t", "prod", "dep"}) == std::vector<std::string>{"deploy"});
  CHECK(words_of({"deploy", "-t", "pro"}) == std::vector<std::string>{"prod", "prod-eu"});
  CHECK(words_of({"deploy", "--target=pro"}) ==
        std::vector<std::string>{"--target=prod", "--target=prod-eu"});
  CHECK(words_of({"rollback", "--to", ""}) == std::vector<std::string>{"7", "8"});
  CHECK(words_of({"promote", ""}) == std::vector<std::string>{"7", "8"});
  CHECK(words_of({"completion", "z"}) == std::vector<std::string>{"zsh"});
  CHECK(words_of({"plan", "-o", "mark"}) == std::vector<std::string>{"markdown"});
  CHECK(words_of({"deploy", "--plan", ""}) == std::vector<std::string>{":files"});
  CHECK(has(words_of({"deploy", "--"}), "--allow-unrestorable"));
}

TEST_CASE("cli: hidden commands and unknown ones complete to nothing") {
  CHECK(has(words_of({""}), "supervise"));
  CHECK(!has(words_of({""}), "__complete"));
  CHECK(words_of({"nonsense", ""}).empty());
  CHECK(words_of({}).empty());
}

TEST_CASE("cli: there is a completion script for each shell that calls the hidden command") {
  for (const auto* shell : {"bash", "zsh", "fish"})
    CHECK(completion_script(shell).find("mdl __complete -- ") != std::string::npos);
  CHECK(completion_script("tcsh").empty());
}
