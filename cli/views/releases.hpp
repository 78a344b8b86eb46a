#pragma once

#include <string>
#include <vector>

#include "cli/views/style.hpp"
#include "core/release/record.hpp"

namespace mdl::cli {

// Newest first: number, state, code, age, author, commit, how it came about.
std::string releases_text(const std::vector<release::Record>& records, Time now, const Style& style);
Value releases_value(const release::ServiceRef& ref, const std::vector<release::Record>& records);

}  // namespace mdl::cli
