#include "providers/aws/policy.hpp"

#include <algorithm>
#include <array>

#include "providers/aws/auth/place.hpp"
#include "providers/aws/bucket.hpp"

namespace mdl::aws {

namespace {

enum Phase : unsigned { plan = 1, deploy = 2, rollback = 4, scale = 8, destroy = 16 };
constexpr unsigned any_phase = plan | deploy | rollback | scale | destroy;

enum class On {
  everything,
  function,
  versions,
  both,
  role,
  log_group,
  records,
  bucket,
  zips,
  secrets,
  parameters
};
enum class If {
  always,
  own_role,
  concurrency,
  no_concurrency,
  open,
  closed,
  canary,
  large,
  ready,
  not_ready,
  secrets,
  parameters,
  own_role_secrets
};

// One row a call of the provider: which phases make it, on what. `step` names it in the policy.
struct Row {
  const char* step;
  unsigned phases;
  const char* action;
  On on;
  If needed = If::always;
};

// GetFunction tells tags only to those who may list them. A call with a qualifier is allowed by NAME:* only,
// one without by NAME only.
constexpr std::array rows{
    Row{"ReadFunction", any_phase, "lambda:GetFunction", On::both},
    Row{"ReadFunction", any_phase, "lambda:ListTags", On::function},
    Row{"ReadFunction", any_phase, "lambda:ListVersionsByFunction", On::function},
    Row{"ReadPointer", any_phase, "lambda:GetAlias", On::both},
    Row{"ReadUrl", any_phase & ~scale, "lambda:GetFunctionUrlConfig", On::both},
    Row{"ReadUrl", any_phase & ~scale, "lambda:GetPolicy", On::both},
    Row{"ReadRole", any_phase & ~scale, "iam:GetRole", On::role, If::own_role},
    Row{"ReadRole", any_phase & ~scale, "iam:GetRolePolicy", On::role, If::own_role},
    Row{"ReadRole", any_phase & ~scale, "iam:ListRolePolicies", On::role, If::own_role},
    Row{"ReadLogGroup", any_phase & ~scale, "logs:DescribeLogGroups", On::everything},
    Row{"ReadRecords", any_phase & ~scale, "ssm:GetParametersByPath", On::records},
    Row{"MakeRole", deploy, "iam:CreateRole", On::role, If::own_role},
    Row{"MakeRole", deploy, "iam:TagRole", On::role, If::own_role},
    Row{"MakeRole", deploy, "iam:UpdateAssumeRolePolicy", On::role, If::own_role},
    Row{"MakeRole", deploy, "iam:PutRolePolicy", On::role, If::own_role},
    Row{"MakeLogGroup", deploy, "logs:CreateLogGroup", On::log_group},
    Row{"MakeLogGroup", deploy, "logs:TagResource", On::log_group},
    Row{"MakeLogGroup", deploy, "logs:PutRetentionPolicy", On::log_group},
    Row{"MakeFunction", deploy, "lambda:CreateFunction", On::function},
    Row{"MakeFunction", deploy, "lambda:TagResource", On::function},
    Row{"MakeVersion", deploy, "lambda:UpdateFunctionConfiguration", On::function},
    Row{"MakeVersion", deploy, "lambda:UpdateFunctionCode", On::function},
    Row{"MakeVersion", deploy, "lambda:PublishVersion", On::function},
    Row{"CheckVersion", deploy | rollback, "lambda:InvokeFunction", On::versions},
    Row{"RemoveVersion", deploy | destroy, "lambda:DeleteFunction", On::versions},
    Row{"MakePointer", deploy, "lambda:CreateAlias", On::both},
    Row{"MovePointer", deploy | rollback | destroy, "lambda:UpdateAlias", On::both},
    Row{"MakeUrl", deploy, "lambda:AddPermission", On::both, If::open},
    Row{"MakeUrl", deploy, "lambda:CreateFunctionUrlConfig", On::both},
    Row{"MakeUrl", deploy, "lambda:UpdateFunctionUrlConfig", On::both},
    Row{"CloseUrl", deploy, "lambda:RemovePermission", On::both, If::closed},
    Row{"Scale", deploy, "lambda:PutFunctionConcurrency", On::function, If::concurrency},
    Row{"Unscale", deploy, "lambda:DeleteFunctionConcurrency", On::function, If::no_concurrency},
    Row{"Unscale", deploy, "lambda:UntagResource", On::function, If::no_concurrency},
    Row{"ReadReady", scale, "lambda:GetProvisionedConcurrencyConfig", On::both},
    Row{"ReadReady", any_phase & ~scale, "lambda:GetProvisionedConcurrencyConfig", On::both, If::ready},
    Row{"KeepReady", deploy, "lambda:PutProvisionedConcurrencyConfig", On::both, If::ready},
    Row{"KeepReady", scale, "lambda:PutProvisionedConcurrencyConfig", On::both},
    Row{"KeepReady", scale, "lambda:DeleteProvisionedConcurrencyConfig", On::both},
    Row{"Unready", deploy, "lambda:DeleteProvisionedConcurrencyConfig", On::both, If::not_ready},
    Row{"Unready", destroy, "lambda:DeleteProvisionedConcurrencyConfig", On::both, If::ready},
    Row{"PinSecrets", plan | deploy, "secretsmanager:DescribeSecret", On::secrets, If::secrets},
    Row{"FindSecrets", deploy | rollback, "secretsmanager:ListSecretVersionIds", On::secrets, If::secrets},
    Row{"PinParameters", plan | deploy | rollback, "ssm:GetParameter", On::parameters, If::parameters},
    Row{"RemoveSecretPolicy", deploy, "iam:DeleteRolePolicy", On::role, If::own_role_secrets},
    Row{"WatchRollout", deploy, "cloudwatch:GetMetricData", On::everything, If::canary},
    Row{"Scale", scale, "lambda:PutFunctionConcurrency", On::function},
    Row{"Scale", scale, "lambda:GetAccountSettings", On::everything},
    Row{"SendZip", deploy, "s3:PutObject", On::zips, If::large},
    Row{"SendZip", deploy, "s3:GetObject", On::zips, If::large},
    Row{"FindZip", deploy, "s3:ListBucket", On::bucket, If::large},
    Row{"MakeBucket", deploy, "s3:CreateBucket", On::bucket, If::large},
    Row{"MakeBucket", deploy, "s3:PutBucketPublicAccessBlock", On::bucket, If::large},
    Row{"MakeBucket", deploy, "s3:PutLifecycleConfiguration", On::bucket, If::large},
    Row{"Record", deploy | rollback, "ssm:PutParameter", On::records},
    Row{"Record", deploy | rollback | destroy, "ssm:DeleteParameters", On::records},
    Row{"RemovePointer", destroy, "lambda:DeleteAlias", On::both},
    Row{"RemoveUrl", destroy, "lambda:RemovePermission", On::both, If::open},
    Row{"RemoveUrl", destroy, "lambda:DeleteFunctionUrlConfig", On::both},
    Row{"RemoveFunction", destroy, "lambda:DeleteFunctionConcurrency", On::function, If::concurrency},
    Row{"RemoveFunction", destroy, "lambda:UntagResource", On::function, If::concurrency},
    Row{"RemoveFunction", destroy, "lambda:DeleteFunction", On::function},
    Row{"RemoveLogGroup", destroy, "logs:DeleteLogGroup", On::log_group},
    Row{"RemoveRole", destroy, "iam:DeleteRolePolicy", On::role, If::own_role},
    Row{"RemoveRole", destroy, "iam:DeleteRole", On::role, If::own_role},
};

std::string arn(const PolicyScope& scope, const std::string& service, const std::string& rest) {
  const auto region = service == "iam" ? std::string() : scope.region;
  return "arn:" + scope.partition + ":" + service + ":" + region + ":" + scope.account + ":" + rest;
}

std::vector<std::string> each(std::vector<std::string> names, const auto& made) {
  for (auto& name : names) name = made(name);
  return names;
}

std::vector<std::string> resources_of(const PolicyScope& scope, On on) {
  const auto function = arn(scope, "lambda", "function:" + scope.names.function);
  switch (on) {
    case On::everything:
      return {"*"};
    case On::function:
      return {function};
    case On::versions:
      return {function + ":*"};
    case On::both:
      return {function, function + ":*"};
    case On::role:
      return {arn(scope, "iam", "role/" + scope.names.role)};
    case On::log_group:
      return {arn(scope, "logs", "log-group:" + scope.names.log_group),
              arn(scope, "logs", "log-group:" + scope.names.log_group + ":*")};
    case On::secrets:
      // An ARN ends in six letters of AWS's choice.
      return each(scope.secrets, [&](const std::string& name) {
        return name.starts_with("arn:") ? name : arn(scope, "secretsmanager", "secret:" + name + "-??????");
      });
    case On::parameters:
      return each(scope.parameters, [&](const std::string& name) {
        return name.starts_with("arn:")
                   ? name
                   : arn(scope, "ssm", "parameter" + std::string(name.starts_with("/") ? "" : "/") + name);
      });
    case On::bucket:
      return {"arn:" + scope.partition + ":s3:::" + bucket_name(scope.account, scope.region)};
    case On::zips:
      return {"arn:" + scope.partition + ":s3:::" + bucket_name(scope.account, scope.region) + "/zips/*"};
    case On::records:
      return {arn(scope, "ssm", "parameter" + scope.names.records),
              arn(scope, "ssm", "parameter" + scope.names.records + "/*")};
  }
  return {};
}

bool is_needed(const PolicyScope& scope, If condition) {
  switch (condition) {
    case If::always:
      return true;
    case If::own_role:
      return scope.role.empty();
    case If::concurrency:
      return scope.concurrency;
    case If::no_concurrency:
      return !scope.concurrency;
    case If::open:
      return scope.open;
    case If::closed:
      return !scope.open;
    case If::canary:
      return scope.canary;
    case If::large:
      return scope.large;
    case If::ready:
      return scope.ready;
    case If::not_ready:
      return !scope.ready;
    case If::secrets:
      return !scope.secrets.empty();
    case If::parameters:
      return !scope.parameters.empty();
    case If::own_role_secrets:
      return scope.role.empty() && !(scope.secrets.empty() && scope.parameters.empty());
  }
  return true;
}

Value pass_role(const PolicyScope& scope) {
  const auto role = scope.role.empty() ? arn(scope, "iam", "role/" + scope.names.role) : scope.role;
  const auto to = Value::object({{"iam:PassedToService", "lambda.amazonaws.com"}});
  return Value::object({{"Sid", "GiveRole"},
                        {"Effect", "Allow"},
                        {"Action", Value::array({"iam:PassRole"})},
                        {"Resource", Value::array({role})},
                        {"Condition", Value::object({{"StringEquals", to}})}});
}

// Rows of one step on the same things become one statement.
Value document_of(const PolicyScope& scope, Phase phase) {
  auto statements = Value::array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const auto belongs = [&](const Row& other) {
      return (other.phases & phase) != 0 && is_needed(scope, other.needed) &&
             std::string_view(other.step) == row.step && other.on == row.on;
    };
    if (!belongs(row)) continue;
    if (std::any_of(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(i), belongs)) continue;
    auto actions = Value::array();
    for (const auto& other : rows)
      if (belongs(other)) actions.push(other.action);
    std::string sid(row.step);
    if (row.on == On::versions) sid += "s";
    if (row.on == On::function) sid += "Itself";
    statements.push(Value::object({{"Sid", sid},
                                   {"Effect", "Allow"},
                                   {"Action", std::move(actions)},
                                   {"Resource", Value(resources_of(scope, row.on))}}));
  }
  if (phase == deploy) statements.push(pass_role(scope));
  return Value::object({{"Version", "2012-10-17"}, {"Statement", std::move(statements)}});
}

}  // namespace

std::vector<PhasePolicy> policies(const PolicyScope& scope) {
  return {{"plan", document_of(scope, plan)},
          {"deploy", document_of(scope, deploy)},
          {"rollback", document_of(scope, rollback)},
          {"scale", document_of(scope, Phase::scale)},
          {"destroy", document_of(scope, destroy)}};
}

Result<std::vector<PhasePolicy>> policies_of(const manifest::Service& service, const ClientOptions& options,
                                             const std::string& account, bool large) {
  const auto& settings = service.target.settings;
  MDL_TRY(const auto shared, load_shared_config(options.around));
  const auto region =
      region_of(options.around, shared, profile_name(options.around, options.profile), options.region);
  if (region.empty())
    return fail(Error{.kind = ErrorKind::invalid,
                      .message = "no AWS region is known: set the target's region, or AWS_REGION",
                      .next = {"export AWS_REGION=eu-central-1"}});
  std::vector<std::string> secrets, parameters;
  for (const auto& [name, secret] : service.secrets)
    (secret.scheme == "aws-ssm" ? parameters : secrets).push_back(secret.locator);
  return policies({.names = names_of({service.name, service.target.name}, region),
                   .partition = partition_of(region),
                   .region = region,
                   .account = account.empty() ? "*" : account,
                   .role = settings["role"].as_string(),
                   .concurrency = service.sources.contains("scale.max"),
                   .open = settings["url-auth"].as_string() != "iam",
                   .canary = service.rollout.strategy == manifest::Strategy::canary || service.rollout.gate,
                   .ready = service.sources.contains("scale.min") && service.scale.min > 0,
                   .secrets = std::move(secrets),
                   .parameters = std::move(parameters),
                   .large = large});
}

Result<Value> trust_of(const Pipeline& pipeline) {
  const auto missing = [](const char* what) {
    return fail(Error{.kind = ErrorKind::invalid, .message = what});
  };
  const bool github = pipeline.host == "github";
  if (!github && pipeline.host != "gitlab") return missing("--trust: one of github, gitlab");
  if (pipeline.repository.find('/') == std::string::npos ||
      pipeline.repository.find('*') != std::string::npos)
    return missing("--repository ORG/NAME is needed: a role must not be open to others");
  if (pipeline.branch.empty() == pipeline.environment.empty())
    return missing("one of --branch and --environment is needed: any branch of a repository is too much");
  if (!github && pipeline.branch.empty())
    return missing("GitLab's tokens name no environment in their subject: use --branch, a protected one");
  if (pipeline.account.empty())
    return missing("--account ID is needed: the identity provider is one of an account");
  const std::string issuer = github ? "token.actions.githubusercontent.com" : "gitlab.com";
  std::string subject = "project_path:" + pipeline.repository + ":ref_type:branch:ref:" + pipeline.branch;
  if (github)
    subject = "repo:" + pipeline.repository +
              (pipeline.branch.empty() ? ":environment:" + pipeline.environment
                                       : ":ref:refs/heads/" + pipeline.branch);
  const auto equals = Value::object(
      {{issuer + ":aud", github ? "sts.amazonaws.com" : "https://gitlab.com"}, {issuer + ":sub", subject}});
  const auto provider = "arn:aws:iam::" + pipeline.account + ":oidc-provider/" + issuer;
  return Value::object(
      {{"Version", "2012-10-17"},
       {"Statement",
        Value::array({Value::object({{"Effect", "Allow"},
                                     {"Principal", Value::object({{"Federated", provider}})},
                                     {"Action", "sts:AssumeRoleWithWebIdentity"},
                                     {"Condition", Value::object({{"StringEquals", equals}})}})})}});
}

std::vector<std::string> actions_of(const Value& document) {
  std::vector<std::string> actions;
  for (const auto& statement : document["Statement"].as_array())
    for (const auto& action : statement["Action"].as_strings()) actions.push_back(action);
  std::ranges::sort(actions);
  const auto twice = std::ranges::unique(actions);
  actions.erase(twice.begin(), twice.end());
  return actions;
}

}  // namespace mdl::aws
