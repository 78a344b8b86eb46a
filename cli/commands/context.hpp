#pragma once

#include <string>

#include "cli/commands/command_line.hpp"
#include "cli/console.hpp"
#include "cli/views/scope.hpp"
#include "core/util/clock.hpp"

namespace mdl::cli {

enum class Format { text, json, yaml, markdown };

// What a command is run with, besides its arguments.
struct Context {
  std::string command;  // "deploy"
  Console& out;         // data
  Console& err;         // progress
  Clock& clock;
  Sleeper& sleeper;
  Variables variables;                  // the environment
  std::string program;                  // path of this executable
  std::chrono::nanoseconds started{0};  // Clock::elapsed
  Format format = Format::text;
  bool events = false;
  bool quiet = false;
  bool verbose = false;
  bool interactive =
      false;    // may ask: stdin and stderr are a terminal, and neither --no-input nor CI was given
  Scope scope;  // for the commands that are suggested
};

}  // namespace mdl::cli
