#pragma once

#include <memory>

#include "cli/commands/context.hpp"
#include "core/http/transport.hpp"
#include "core/provider/provider.hpp"

// The one place that names concrete providers.
namespace mdl::cli {

struct Connection {
  std::unique_ptr<http::Transport> transport;
  provider::Provider provider;
};

// The provider of a target. Errors: invalid for one that this version does not have.
Result<Connection> connect(const Context& context, const manifest::Target& target);

// Runs the local target's supervisor in the foreground; returns its exit code.
int supervise_local();
// Restarts it in its place as this program, see restart_supervisor; returns its version.
Result<std::string> restart_local(const Context& context);

// Where journals and caches are kept: $MDL_HOME/state, else the user's state folder.
std::string state_path(const Context& context, std::string_view name);

}  // namespace mdl::cli
