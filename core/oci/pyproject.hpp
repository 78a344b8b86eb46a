#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace mdl::oci {

// The requirement lines under [project] dependencies; none when the table does not list any. The error is
// what is wrong with the file, as the end of a sentence: "lists its dependencies for Poetry, …".
std::expected<std::vector<std::string>, std::string> pyproject_dependencies(std::string_view text);

}  // namespace mdl::oci
