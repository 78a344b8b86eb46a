#include "core/util/digest.hpp"
#include "core/util/text.hpp"
#include "core/util/value.hpp"
#include "providers/aws/auth/sources.hpp"

namespace mdl::aws {

namespace {

struct Session {
  std::string key;     // names the token's file
  std::string region;  // that the portal is in
};

Result<Session> session_of(const Asking& asking, const std::string& profile, const Settings& settings) {
  const auto& name = setting(settings, "sso_session");
  if (name.empty()) return Session{setting(settings, "sso_start_url"), setting(settings, "sso_region")};
  const auto found = asking.options.shared.sso_sessions.find(name);
  if (found == asking.options.shared.sso_sessions.end())
    return no_credentials("profile '" + profile + "' names the sso-session '" + name +
                          "', which is not there");
  return Session{name, setting(found->second, "sso_region")};
}

Result<std::string> token_of(const Asking& asking, const Session& session, const std::string& login) {
  const auto& around = asking.options.around;
  const auto text = around.read(at_home(around, "~/.aws/sso/cache/" + sha1(session.key) + ".json"));
  if (!text) return no_credentials("nobody is logged in to this SSO session", {}, {login});
  const auto value = parse_json(*text);
  const auto expires = value ? parse_rfc3339((*value)["expiresAt"].as_string()) : std::nullopt;
  if (!value || (*value)["accessToken"].as_string().empty() || !expires)
    return no_credentials("the SSO session's token file cannot be understood", {}, {login});
  if (*expires <= around.clock.now())
    return no_credentials("the SSO session expired at " + to_rfc3339(*expires), {}, {login});
  return (*value)["accessToken"].as_string();
}

// {"roleCredentials": {"accessKeyId", "secretAccessKey", "sessionToken", "expiration": ms since 1970}}
Found role_credentials(const std::string& body, const std::string& profile, const std::string& account) {
  const auto value = parse_json(body);
  const auto& keys = value ? (*value)["roleCredentials"] : Value();
  Credentials credentials{.access_key = keys["accessKeyId"].as_string(),
                          .secret_key = keys["secretAccessKey"].as_string(),
                          .session_token = keys["sessionToken"].as_string(),
                          .expires = Time{Milliseconds{keys["expiration"].as_integer()}},
                          .source = "SSO of profile " + profile,
                          .account = account};
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return no_credentials("the SSO portal answered without credentials");
  return credentials;
}

}  // namespace

Found from_sso(const Asking& asking, const std::string& profile, const Settings& settings) {
  const auto login = "aws sso login --profile " + profile;
  MDL_TRY(const auto session, session_of(asking, profile, settings));
  const auto& account = setting(settings, "sso_account_id");
  const auto& role = setting(settings, "sso_role_name");
  if (session.region.empty() || account.empty() || role.empty())
    return no_credentials("profile '" + profile +
                          "' needs sso_region, sso_account_id and sso_role_name for SSO");
  MDL_TRY(const auto token, token_of(asking, session, login));
  const auto& options = asking.options;
  const auto endpoint =
      endpoint_of(Service::sso, session.region, options.around, options.shared, options.profile);
  http::Request request{.url = endpoint.url + "/federation/credentials?role_name=" + percent_encode(role) +
                               "&account_id=" + percent_encode(account),
                        .headers = {{"x-amz-sso_bearer_token", token}},
                        .idempotent = true};
  MDL_TRY(const auto response, asking.transport.send(request));
  if (response.status >= 500)
    return fail(ErrorKind::unavailable, "the SSO portal answered " + std::to_string(response.status));
  if (response.status == 401) return no_credentials("the SSO session is no longer valid", {}, {login});
  if (response.status != 200)
    return no_credentials("the SSO portal gives no credentials for role " + role + " in account " + account,
                          std::to_string(response.status));
  return role_credentials(response.body, profile, account);
}

}  // namespace mdl::aws
