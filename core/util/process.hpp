#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/util/clock.hpp"
#include "core/util/error.hpp"

namespace mdl {

struct Command {
  std::vector<std::string> arguments;           // [0] is looked up in PATH when it holds no '/'
  std::string folder;                           // working directory; empty: this one
  std::map<std::string, std::string> set;       // added to the inherited environment
  std::function<void(std::string_view)> on_line;  // each line of stdout and stderr as it comes, without its end
  Milliseconds timeout{0};                      // 0: none; past it the process group is killed
  std::string input;                            // for its stdin; empty: /dev/null
};

struct Finished {
  int status = 0;      // exit code, or 128 + signal
  std::string output;  // stdout only, at most 16 MiB
  std::vector<std::string> last_lines;  // of both, the last 20
};

// Runs a program to its end. A non-zero status is a value. Errors: not_found (no such program), timeout, failed.
Result<Finished> run(const Command& command);
// The absolute path of a program, or "" when PATH has none.
std::string find_program(const std::string& name);

}  // namespace mdl
