#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/detect.hpp"

// What single files beside the code say. All take a text, and none reads anything.
namespace mdl::oci {

// The command of a Procfile's web line, as a shell would read it.
std::optional<std::string> procfile_web(std::string_view text);
// The words of a command line, or sh -c when it needs a shell ($PORT, quotes, pipes).
std::vector<std::string> command_words(std::string_view line);
// "app:app" of `gunicorn app:app …` and its like.
std::optional<std::string> served_entry(std::string_view line);
bool has_start_script(std::string_view package_json);
int exposed_port(std::string_view dockerfile);  // 0: none
// "3.11" of "3.11.4", "python-3.11.4"; "" of anything else.
std::string python_version(std::string_view text);

// Weights below the folder: those of detect().
std::vector<DetectedModel> detect_model(const std::string& folder);

}  // namespace mdl::oci
