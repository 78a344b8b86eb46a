#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest/service.hpp"
#include "core/util/error.hpp"

namespace mdl::oci {

// The name of the package that a line of a requirements file asks for, lower-case with '-' for '_' and '.';
// "" for other lines.
std::string package_name(std::string_view line);

// The line of a requirements text whose package the installer's output names, counting from 1; 0 when there
// is none.
int blamed_line(const std::string& requirements, const std::vector<std::string>& output);

// The line that the installer's words lead to, in the file that the user wrote; else where the manifest names
// that file.
std::optional<Source> blamed_source(const manifest::Service& service, const std::vector<std::string>& output);

}  // namespace mdl::oci
