#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>

namespace mdl::manifest {

// A text with its ${VAR} and ${VAR:-default} replaced; $${ stands for ${. The default is taken when the
// variable is unset or empty, and is not expanded itself. Other dollar signs are left alone.
struct Expanded {
  std::string text;
  bool changed = false;  // holds something from the environment, which messages must not show
};
struct ExpandError {
  std::string message;
  bool unset = false;  // a variable is unset; otherwise the text is wrong
};
std::expected<Expanded, ExpandError> expand(std::string_view text,
                                            const std::map<std::string, std::string>& environment);

}  // namespace mdl::manifest
