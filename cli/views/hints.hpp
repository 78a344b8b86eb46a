#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mdl::cli {

// What is known of a service that did not become healthy.
struct Failure {
  std::string code;  // of the error: "exited", "unhealthy", "timeout"
  std::string message;
  std::vector<std::string> lines;  // its own last lines
  std::string requirements;        // the manifest's requirements file; empty: none
  std::string health;              // "/healthz"
};

// One sentence on the likely cause and its remedy, "requirements.txt does not name pandas. Add it"; nullopt
// when the lines do not tell. Pure.
std::optional<std::string> hint(const Failure& failure);

}  // namespace mdl::cli
