#include <algorithm>
#include <doctest/doctest.h>

#include "cli/commands/registry.hpp"
#include "cli/views/error.hpp"

using namespace mdl;
using namespace mdl::cli;

namespace {

const std::vector<ErrorKind> kinds = {ErrorKind::invalid, ErrorKind::not_found,   ErrorKind::conflict,
                                      ErrorKind::denied,  ErrorKind::unavailable, ErrorKind::timeout,
                                      ErrorKind::refused, ErrorKind::failed,      ErrorKind::interrupted,
                                      ErrorKind::internal};

std::string second_word(const std::string& command) {
  const auto start = command.find(' ') + 1;
  return command.substr(start, command.find(' ', start) - start);
}

}  // namespace

TEST_CASE("cli: every command that an error suggests exists") {
  for (const auto& entry : registry())
    for (const auto kind : kinds)
      for (const auto* code : {"", "no-manifest", "no-such-release"})
        for (const auto& next :
             next_commands({.kind = kind, .code = code}, entry.name, engine::Stage::verify, {})) {
          CAPTURE(next);
          CHECK(find_command(second_word(next)) != nullptr);
        }
}

TEST_CASE("cli: an error's own commands come first and repeat the user's target") {
  const Error error{.kind = ErrorKind::refused, .next = {"mdl rollback --to 7", "pip install x"}};
  CHECK(next_commands(error, "promote", std::nullopt, {.target = "prod"}) ==
        std::vector<std::string>{"mdl rollback -t prod --to 7", "pip install x"});
}

TEST_CASE(
    "cli: what failed at the service's own start is looked up in its logs, what was interrupted is resumed") {
  const Scope scope{.target = "prod", .service = "a b"};
  CHECK(next_commands({.kind = ErrorKind::failed}, "deploy", engine::Stage::verify, {}) ==
        std::vector<std::string>{"mdl logs"});
  CHECK(next_commands({.kind = ErrorKind::interrupted}, "deploy", std::nullopt, scope) ==
        std::vector<std::string>{"mdl resume -t prod -s 'a b'", "mdl resume -t prod -s 'a b' --abort"});
}
