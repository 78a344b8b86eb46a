#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/commands/command.hpp"

namespace mdl::cli {

struct Candidate {
  std::string word, text;  // text: what it is, for shells that show it
};

// Names that only the manifest or the provider knows, asked for when they are needed.
using Names = std::function<std::vector<Candidate>(Completes what, const std::vector<std::string>& words)>;

// What may stand where the last of `words` (begun, or empty) stands; `words` are those after "mdl". A single
// candidate
// ":files" or ":folders" leaves it to the shell.
std::vector<Candidate> complete(const std::vector<std::string>& words, const Names& names);

// The script for a shell; "" for one that is not known.
std::string completion_script(std::string_view shell);

}  // namespace mdl::cli
