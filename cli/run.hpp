#pragma once

#include <string>
#include <vector>

namespace mdl::cli {

// The whole program but for argv's shape: parses the words, runs the command, returns the exit code.
int run(const std::string& program, const std::vector<std::string>& words);

}  // namespace mdl::cli
