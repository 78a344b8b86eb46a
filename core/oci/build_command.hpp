#pragma once

#include <functional>
#include <string_view>

#include "core/manifest/service.hpp"

namespace mdl::oci {

// Runs the service's build.command in its folder, if it has one; `on_line` gets what it prints, printable.
// Errors: failed, with its last lines and the command's place in the manifest.
Result<void> run_build_command(const manifest::Service& service,
                               const std::function<void(std::string_view)>& on_line);

}  // namespace mdl::oci
