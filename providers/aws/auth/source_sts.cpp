#include <algorithm>

#include "core/util/text.hpp"
#include "providers/aws/auth/sigv4.hpp"
#include "providers/aws/auth/sources.hpp"
#include "providers/aws/client/xml.hpp"

namespace mdl::aws {

namespace {

using Form = std::vector<std::pair<std::string, std::string>>;

Form role_form(const Asking& asking, const char* action, const RoleRequest& role) {
  auto session = role.session_name;
  if (session.empty())
    session = "mdl-" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                                          asking.options.around.clock.now().time_since_epoch())
                                          .count());
  Form form{
      {"Action", action}, {"Version", "2011-06-15"}, {"RoleArn", role.role}, {"RoleSessionName", session}};
  if (!role.external_id.empty()) form.emplace_back("ExternalId", role.external_id);
  if (!role.duration.empty()) form.emplace_back("DurationSeconds", role.duration);
  return form;
}

http::Request request_of(const Endpoint& endpoint, const Form& form) {
  http::Request request{.method = "POST", .url = endpoint.url + "/", .idempotent = true};
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  for (const auto& [name, value] : form)
    request.body += (request.body.empty() ? "" : "&") + name + "=" + percent_encode(value);
  return request;
}

// The account in arn:aws:sts::123456789012:assumed-role/…
std::string account_in(const std::string& arn) {
  const auto parts = split(arn, ':');
  return parts.size() > 4 ? std::string(parts[4]) : std::string();
}

Found answer_of(const Asking& asking, const http::Request& request, const RoleRequest& role) {
  MDL_TRY(const auto response, asking.transport.send(request));
  const auto xml = parse_xml(response.body);
  if (response.status != 200) {
    const auto* code = xml ? xml->find("Code") : nullptr;
    const auto* message = xml ? xml->find("Message") : nullptr;
    if (response.status >= 500)
      return fail(ErrorKind::unavailable, "STS answered " + std::to_string(response.status));
    auto error = no_credentials("the role " + role.role + " cannot be assumed",
                                message ? message->text : std::to_string(response.status));
    if (code) error.error().code = code->text;
    return error;
  }
  const auto* keys = xml ? xml->find("Credentials") : nullptr;
  const auto text = [&](const char* name) {
    const auto* element = keys ? keys->find(name) : nullptr;
    return element ? element->text : std::string();
  };
  Credentials credentials{.access_key = text("AccessKeyId"),
                          .secret_key = text("SecretAccessKey"),
                          .session_token = text("SessionToken"),
                          .expires = parse_rfc3339(text("Expiration")),
                          .source = "role " + role.role};
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return no_credentials("STS answered without credentials for the role " + role.role);
  if (const auto* arn = xml->find("Arn")) credentials.account = account_in(arn->text);
  return credentials;
}

Result<Endpoint> sts(const Asking& asking) {
  const auto& options = asking.options;
  if (options.region.empty())
    return fail(Error{.kind = ErrorKind::invalid,
                      .message = "a role is assumed in a region, and none is known",
                      .next = {"export AWS_REGION=eu-central-1"}});
  return endpoint_of(Service::sts, options.region, options.around, options.shared, options.profile);
}

}  // namespace

Found assume_role(const Asking& asking, const Credentials& with, const RoleRequest& role) {
  MDL_TRY(const auto endpoint, sts(asking));
  auto request = request_of(endpoint, role_form(asking, "AssumeRole", role));
  sign(request, with,
       {.region = endpoint.region, .service = endpoint.service, .now = asking.options.around.clock.now()});
  return answer_of(asking, request, role);
}

Found assume_role_with_token(const Asking& asking, const std::string& token_file, const RoleRequest& role) {
  auto token = asking.options.around.read(at_home(asking.options.around, token_file));
  if (!token)
    return no_credentials("the web identity token " + token_file + " cannot be read", token.error().message);
  while (token->ends_with('\n') || token->ends_with('\r')) token->pop_back();
  MDL_TRY(const auto endpoint, sts(asking));
  auto form = role_form(asking, "AssumeRoleWithWebIdentity", role);
  form.emplace_back("WebIdentityToken", *token);
  return answer_of(asking, request_of(endpoint, form), role);
}

Found from_web_identity(const Asking& asking) {
  const auto& around = asking.options.around;
  const auto file = variable(around, "AWS_WEB_IDENTITY_TOKEN_FILE");
  if (file.empty()) return std::nullopt;
  const auto role = variable(around, "AWS_ROLE_ARN");
  if (role.empty()) return no_credentials("AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not");
  return assume_role_with_token(asking, file,
                                {.role = role, .session_name = variable(around, "AWS_ROLE_SESSION_NAME")});
}

}  // namespace mdl::aws
