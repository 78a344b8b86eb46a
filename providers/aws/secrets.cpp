#include "providers/aws/secrets.hpp"

#include <algorithm>
#include <set>

#include "providers/aws/parts.hpp"
#include "providers/aws/render.hpp"

namespace mdl::aws {

namespace {

using manifest::SecretRef;

constexpr std::size_t most_variables = 4'096;

bool absent(const Error& error) { return error.kind == ErrorKind::not_found; }

Value statement(const char* action, const std::set<std::string>& arns) {
  return Value::object({{"Effect", "Allow"},
                        {"Action", Value::array({action})},
                        {"Resource", Value(std::vector<std::string>(arns.begin(), arns.end()))}});
}

class AwsSecrets final : public provider::Secrets {
 public:
  explicit AwsSecrets(SharedParts shared) : shared_(std::move(shared)) {}

  Result<SecretVersions> versions(const manifest::Service& service) override {
    SecretVersions versions;
    for (const auto& [name, secret] : service.secrets) {
      auto pinned = secret.scheme == "aws-ssm" ? parameter(secret.locator) : current(secret.locator);
      if (!pinned) {
        auto error = std::move(pinned).error();
        error.message = "secret " + name + " (" + secret.scheme + ":" + secret.locator +
                        "): " + (absent(error) ? "it is not there" : error.message);
        if (absent(error)) error.kind = ErrorKind::invalid;
        error.where = service.source_of("secrets." + name + ".from");
        return fail(std::move(error));
      }
      versions[name] = *pinned;
    }
    const auto size = dump(variables_of(service, versions)).size();
    if (size <= most_variables || versions.empty()) return versions;
    return fail(Error{.kind = ErrorKind::invalid,
                      .message = "with the references of its secrets the function's variables have " +
                                 std::to_string(size) + " bytes of JSON, and Lambda takes 4,096",
                      .where = service.source_of("secrets")});
  }

  // A version that is pinned by its id needs nothing else.
  Result<void> keep(const manifest::Service&, const SecretVersions&) override { return {}; }

  Result<std::vector<std::string>> lost(const release::ServiceRef&, const SecretVersions& versions) override {
    std::vector<std::string> lost;
    for (const auto& [name, text] : versions) {
      const auto pinned = pinned_from(text);
      MDL_TRY(const bool there, pinned ? is_there(*pinned) : Result<bool>(false));
      if (!there) lost.push_back(name);
    }
    return lost;
  }

 private:
  Result<std::string> current(const std::string& id) {
    MDL_TRY(const auto answer, shared_->client->json(Service::secrets, "DescribeSecret",
                                                     Value::object({{"SecretId", id}}), true));
    if (answer.contains("DeletedDate"))
      return fail(ErrorKind::not_found, "it is marked for deletion in Secrets Manager");
    for (const auto& [version, stages] : answer["VersionIdsToStages"].as_object()) {
      const auto names = stages.as_strings();
      if (std::ranges::find(names, "AWSCURRENT") != names.end())
        return answer["ARN"].as_string() + "#" + version;
    }
    return fail(ErrorKind::not_found, "it has no current version");
  }

  // Without decryption: what is asked for is the version.
  Result<std::string> parameter(const std::string& name) {
    MDL_TRY(const auto answer,
            shared_->client->json(Service::ssm, "GetParameter", Value::object({{"Name", name}}), true));
    const auto& found = answer["Parameter"];
    return found["ARN"].as_string() + "#" + found["Name"].as_string() + ":" +
           std::to_string(found["Version"].as_integer());
  }

  Result<bool> is_there(const PinnedSecret& pinned) {
    if (pinned.is_parameter()) {
      const auto answer = shared_->client->json(Service::ssm, "GetParameter",
                                                Value::object({{"Name", pinned.version}}), true);
      if (answer) return true;
      return absent(answer.error()) ? Result<bool>(false) : std::unexpected(answer.error());
    }
    std::string token;
    do {
      auto body = Value::object({{"SecretId", pinned.arn}, {"IncludeDeprecated", true}});
      if (!token.empty()) body.set("NextToken", token);
      const auto answer = shared_->client->json(Service::secrets, "ListSecretVersionIds", body, true);
      if (!answer && absent(answer.error())) return false;
      if (!answer) return std::unexpected(answer.error());
      for (const auto& version : (*answer)["Versions"].as_array())
        if (version["VersionId"].as_string() == pinned.version) return true;
      token = (*answer)["NextToken"].as_string();
    } while (!token.empty());
    return false;
  }

  SharedParts shared_;
};

}  // namespace

std::optional<PinnedSecret> pinned_from(const std::string& text) {
  const auto hash = text.rfind('#');
  if (hash == std::string::npos || !text.starts_with("arn:")) return std::nullopt;
  PinnedSecret pinned{.arn = text.substr(0, hash), .version = text.substr(hash + 1)};
  if (pinned.is_parameter() && pinned.version.find(':') == std::string::npos) return std::nullopt;
  return pinned;
}

Value secrets_policy(const SecretVersions& versions) {
  std::set<std::string> secrets, parameters;
  for (const auto& [name, text] : versions)
    if (const auto pinned = pinned_from(text)) {
      (pinned->is_parameter() ? parameters : secrets).insert(pinned->arn);
      // A parameter at one version is asked for as "name:3".
      if (pinned->is_parameter())
        parameters.insert(pinned->arn + pinned->version.substr(pinned->version.rfind(':')));
    }
  auto statements = Value::array();
  if (!secrets.empty()) statements.push(statement("secretsmanager:GetSecretValue", secrets));
  if (!parameters.empty()) statements.push(statement("ssm:GetParameter", parameters));
  return Value::object({{"Version", "2012-10-17"}, {"Statement", std::move(statements)}});
}

std::unique_ptr<provider::Secrets> make_secrets(const SharedParts& shared) {
  return std::make_unique<AwsSecrets>(shared);
}

}  // namespace mdl::aws
