#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/commands/context.hpp"
#include "core/http/transport.hpp"
#include "core/manifest/service.hpp"
#include "core/provider/provider.hpp"

// The one place that names concrete providers.
namespace mdl::cli {

struct Connection {
  std::unique_ptr<http::Transport> transport;
  provider::Provider provider;
};

// The provider of a target. Errors: invalid for one that this version does not have.
Result<Connection> connect(const Context& context, const manifest::Target& target);

// The smallest policy that lets somebody run a command on one service: the platform's own document, each
// statement named after the step that needs it. Nothing is asked of the platform.
struct Policy {
  std::string phase;  // "plan", "deploy", "rollback", "scale", "destroy"
  Value document;
};
// `account` stands in resource names; "": any. `large`: what goes up is too large for a request. Errors:
// refused for a platform that has none.
Result<std::vector<Policy>> policies(const Context& context, const manifest::Service& service,
                                     const std::string& account, bool large);
// Who may take on the role of a pipeline, at a platform that knows pipelines by OpenID Connect.
struct Pipeline {
  std::string host;                 // "github" or "gitlab"
  std::string repository;           // "org/name"
  std::string branch, environment;  // one of both
  std::string account;
};
// Errors: invalid when it is not pinned; refused for a platform that has none.
Result<Value> pipeline_trust(const manifest::Target& target, const Pipeline& pipeline);

// Runs the local target's supervisor in the foreground; returns its exit code.
int supervise_local();
// Restarts it in its place as this program, see restart_supervisor; returns its version.
Result<std::string> restart_local(const Context& context);

// Where journals and caches are kept: $MDL_HOME/state, else the user's state folder.
std::string state_path(const Context& context, std::string_view name);

}  // namespace mdl::cli
