#pragma once

#include "cli/commands/project.hpp"
#include "cli/wiring.hpp"

namespace mdl::cli {

// One service and its provider: for commands that are about a single one.
struct Single {
  Selection selection;
  manifest::Service service;
  release::ServiceRef ref;
  Connection connection;
};
std::expected<Single, Report> select_one(const Context& context, const Arguments& arguments);

}  // namespace mdl::cli
