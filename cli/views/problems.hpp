#pragma once

#include <string>
#include <vector>

#include "cli/views/style.hpp"
#include "core/manifest/service.hpp"

namespace mdl::cli {

// Each problem in compiler style with its excerpt, then the closing sentence.
std::string problems_text(const std::vector<manifest::Problem>& problems, const Style& style);
// Without the closing sentence.
std::string problem_lines(const std::vector<manifest::Problem>& problems, const Style& style);
// "2 problems, 1 warning"
std::string problems_sentence(const std::vector<manifest::Problem>& problems);

}  // namespace mdl::cli
