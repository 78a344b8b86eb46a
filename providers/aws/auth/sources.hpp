#pragma once

#include "providers/aws/auth/chain.hpp"

// The sources of credentials, one function each. nullopt: it is not configured. An error: it is, and gives
// none.
namespace mdl::aws {

using Found = Result<std::optional<Credentials>>;

struct Asking {
  const ChainOptions& options;
  http::Transport& transport;
};

Found from_environment(const Asking& asking);
// $AWS_WEB_IDENTITY_TOKEN_FILE and $AWS_ROLE_ARN: pods and pipelines.
Found from_web_identity(const Asking& asking);
// A profile: its role (of another profile, of a credential_source, or by web identity), its SSO session, its
// keys, its credential_process, in this order.
Found from_profile(const Asking& asking, const std::string& profile);
Found from_container(const Asking& asking);
Found from_instance(const Asking& asking);

// The region that an instance says it is in; "" when it does not answer.
std::string instance_region(const Asking& asking);

struct RoleRequest {
  std::string role, session_name, external_id, duration;
};
Found assume_role(const Asking& asking, const Credentials& with, const RoleRequest& request);
Found assume_role_with_token(const Asking& asking, const std::string& token_file, const RoleRequest& request);
Found from_sso(const Asking& asking, const std::string& profile, const Settings& settings);
Found from_process(const Asking& asking, const std::string& profile, const std::string& command_line);

// The JSON that credential processes, containers and instances answer with. `token` is their word for the
// session token.
Found credentials_from_json(const std::string& text, const std::string& source, const char* token);

// "denied" with one thing to do. `words` come from outside and hold no secret.
std::unexpected<Error> no_credentials(std::string message, std::string words = {},
                                      std::vector<std::string> next = {});

}  // namespace mdl::aws
