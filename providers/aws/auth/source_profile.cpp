#include <algorithm>

#include "core/util/text.hpp"
#include "core/util/value.hpp"
#include "providers/aws/auth/sources.hpp"

namespace mdl::aws {

namespace {

std::optional<Credentials> keys_of(const Settings& settings, const std::string& source) {
  Credentials keys{.access_key = setting(settings, "aws_access_key_id"),
                   .secret_key = setting(settings, "aws_secret_access_key"),
                   .session_token = setting(settings, "aws_session_token"),
                   .source = source};
  keys.account = setting(settings, "aws_account_id");
  if (keys.access_key.empty() || keys.secret_key.empty()) return std::nullopt;
  return keys;
}

Found of_profile(const Asking& asking, const std::string& profile, std::vector<std::string> seen);

// What a role is assumed with.
Found base_of(const Asking& asking, const std::string& profile, const Settings& settings,
              const std::vector<std::string>& seen) {
  if (const auto& where = setting(settings, "credential_source"); !where.empty()) {
    if (where == "Environment") return from_environment(asking);
    if (where == "EcsContainer") return from_container(asking);
    if (where == "Ec2InstanceMetadata") return from_instance(asking);
    return no_credentials("profile '" + profile + "': credential_source '" + printable(where) +
                          "' is none of Environment, EcsContainer, Ec2InstanceMetadata");
  }
  const auto& other = setting(settings, "source_profile");
  if (other.empty())
    return no_credentials("profile '" + profile +
                          "' has a role_arn, but neither source_profile nor credential_source");
  // A profile may be its own source: it then has keys beside the role.
  if (other == profile) return keys_of(settings, "profile " + profile);
  if (std::ranges::find(seen, other) != seen.end())
    return no_credentials("the source_profile of profile '" + profile + "' leads in a circle");
  return of_profile(asking, other, seen);
}

Found by_role(const Asking& asking, const std::string& profile, const Settings& settings,
              const std::vector<std::string>& seen) {
  const RoleRequest request{.role = setting(settings, "role_arn"),
                            .session_name = setting(settings, "role_session_name"),
                            .external_id = setting(settings, "external_id"),
                            .duration = setting(settings, "duration_seconds")};
  if (const auto& file = setting(settings, "web_identity_token_file"); !file.empty())
    return assume_role_with_token(asking, file, request);
  if (!setting(settings, "mfa_serial").empty())
    return no_credentials("profile '" + profile + "' wants a code of a device, which mdl does not ask for",
                          {}, {"aws sso login --profile " + profile, "aws sts get-session-token"});
  MDL_TRY(const auto base, base_of(asking, profile, settings, seen));
  if (!base) return no_credentials("the source of profile '" + profile + "' has no credentials");
  return assume_role(asking, *base, request);
}

Found of_profile(const Asking& asking, const std::string& profile, std::vector<std::string> seen) {
  seen.push_back(profile);
  const auto* settings = asking.options.shared.profile(profile);
  if (settings == nullptr)
    return seen.size() == 1 ? Found(std::nullopt) : no_credentials("there is no profile '" + profile + "'");
  if (!setting(*settings, "role_arn").empty()) return by_role(asking, profile, *settings, seen);
  if (!setting(*settings, "sso_session").empty() || !setting(*settings, "sso_start_url").empty())
    return from_sso(asking, profile, *settings);
  if (auto keys = keys_of(*settings, "profile " + profile)) return keys;
  if (const auto& process = setting(*settings, "credential_process"); !process.empty())
    return from_process(asking, profile, process);
  return std::nullopt;
}

// As a shell takes it apart, without its expansions: blanks separate, quotes hold together.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else if (c == '\\' && quote == '"' && i + 1 < line.size())
        word += line[++i];
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t') {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else {
      word += c == '\\' && i + 1 < line.size() ? line[++i] : c;
      in_word = true;
    }
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

}  // namespace

std::unexpected<Error> no_credentials(std::string message, std::string words, std::vector<std::string> next) {
  Error error{.kind = ErrorKind::denied, .message = std::move(message), .code = "no-credentials"};
  error.quoted = printable(words);
  error.next = std::move(next);
  return fail(std::move(error));
}

Found from_environment(const Asking& asking) {
  const auto& around = asking.options.around;
  Credentials keys{.access_key = variable(around, "AWS_ACCESS_KEY_ID"),
                   .secret_key = variable(around, "AWS_SECRET_ACCESS_KEY"),
                   .session_token = variable(around, "AWS_SESSION_TOKEN"),
                   .source = "environment"};
  if (keys.access_key.empty() && keys.secret_key.empty()) return std::nullopt;
  if (keys.secret_key.empty())
    return no_credentials("AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
  if (keys.access_key.empty())
    return no_credentials("AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not");
  keys.expires = parse_rfc3339(variable(around, "AWS_CREDENTIAL_EXPIRATION"));
  keys.account = variable(around, "AWS_ACCOUNT_ID");
  return keys;
}

Found from_profile(const Asking& asking, const std::string& profile) {
  return of_profile(asking, profile, {});
}

Found credentials_from_json(const std::string& text, const std::string& source, const char* token) {
  const auto value = parse_json(text);
  // What was answered may hold a secret: it is not quoted.
  if (!value || !value->is_object()) return no_credentials("the answer of " + source + " is not JSON");
  Credentials keys{.access_key = (*value)["AccessKeyId"].as_string(),
                   .secret_key = (*value)["SecretAccessKey"].as_string(),
                   .session_token = (*value)[token].as_string(),
                   .source = source};
  if (keys.access_key.empty() || keys.secret_key.empty())
    return no_credentials("the answer of " + source + " has no AccessKeyId and SecretAccessKey",
                          (*value)["Code"].as_string());
  if (const auto& expires = (*value)["Expiration"].as_string(); !expires.empty()) {
    keys.expires = parse_rfc3339(expires);
    if (!keys.expires)
      return no_credentials("the answer of " + source + " has an Expiration that is no time");
  }
  keys.account = (*value)["AccountId"].as_string();
  return keys;
}

Found from_process(const Asking& asking, const std::string& profile, const std::string& command_line) {
  const auto source = "credential_process of profile " + profile;
  Command command{.arguments = words_of(command_line)};
  command.timeout = Milliseconds{60'000};
  if (command.arguments.empty()) return no_credentials("the " + source + " is empty");
  const auto finished = asking.options.around.run(command);
  if (!finished) return no_credentials("the " + source + " cannot be run", finished.error().message);
  if (finished->status != 0)
    return no_credentials("the " + source + " exited " + std::to_string(finished->status));
  return credentials_from_json(finished->output, source, "SessionToken");
}

}  // namespace mdl::aws
