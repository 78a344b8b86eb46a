#include "providers/aws/render.hpp"

#include <algorithm>
#include <array>

#include "core/plan/plan.hpp"
#include "providers/aws/note.hpp"
#include "providers/aws/served.hpp"

namespace mdl::aws {

namespace {

using manifest::Service;
using plan::Desired;

// Spec field of a resource → the manifest's word for it.
struct Word {
  std::string_view kind, spec, manifest;
};
constexpr std::array words{
    Word{"version", "artifact", "code"},
    Word{"version", "handler", "http.handler"},
    Word{"version", "runtime", "targets.*.runtime"},
    Word{"version", "memory_mb", "resources.memory"},
    Word{"version", "timeout_s", "http.timeout"},
    Word{"version", "architecture", "targets.*.architecture"},
    Word{"version", "storage_mb", "targets.*.ephemeral-storage"},
    Word{"version", "role", "targets.*.role"},
    Word{"version", "subnets", "targets.*.vpc.subnets"},
    Word{"version", "security_groups", "targets.*.vpc.security-groups"},
    Word{"log-group", "retention_days", "targets.*.log-retention"},
    Word{"concurrency", "max", "scale.max"},
    Word{"provisioned", "min", "scale.min"},
    Word{"url", "auth", "targets.*.url-auth"},
    Word{"url", "invoke_mode", "targets.*.stream"},
    Word{"url", "cors.origins", "targets.*.cors.origins"},
    Word{"url", "cors.methods", "targets.*.cors.methods"},
    Word{"url", "cors.headers", "targets.*.cors.headers"},
    Word{"url", "cors.max_age_s", "targets.*.cors.max-age"},
    Word{"parameter", "digest", "shared settings"},
};

std::string manifest_path(const Word& word, const std::string& target) {
  std::string path(word.manifest);
  if (const auto star = path.find('*'); star != std::string::npos) path.replace(star, 1, target);
  return path;
}

void add_sources(Desired& desired, const Service& service) {
  const auto add = [&](const std::string& field, const std::string& path) {
    if (auto source = service.source_of(path)) desired.sources.emplace(field, *std::move(source));
  };
  for (const auto& word : words)
    if (word.kind == desired.id.kind && word.manifest != "code")
      add(std::string(word.spec), manifest_path(word, service.target.name));
  if (desired.id.kind != "version") return;
  for (const auto& entry : service.env) add("env." + entry.first, "env." + entry.first);
}

std::vector<std::string> sorted(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  return texts;
}

Value trust() {
  return *parse_json(
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},)"
      R"("Action":"sts:AssumeRole"}]})");
}

Value statement(std::vector<std::string> actions, const std::string& resource) {
  return Value::object({{"Effect", "Allow"}, {"Action", Value(actions)}, {"Resource", resource}});
}

// What the function may do: write its own log group's streams, and join its network.
Value execution_policy(const Service& service, const Names& names) {
  auto statements = Value::array({statement({"logs:CreateLogStream", "logs:PutLogEvents"},
                                            "arn:*:logs:*:*:log-group:" + names.log_group + ":*")});
  if (!service.target.settings["vpc"]["subnets"].as_array().empty())
    statements.push(statement(
        {"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
         "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"},
        "*"));
  return Value::object({{"Version", "2012-10-17"}, {"Statement", std::move(statements)}});
}

Value function_tags(const Service& service, const Names& names) {
  auto tags = Value::object();
  for (const auto& [name, text] : service.target.settings["tags"].as_object()) tags.set(name, text);
  tags.set(service_tag, names.ref.service);
  tags.set(target_tag, names.ref.target);
  return tags;
}

std::string handler_of(const Service& service) {
  if (is_served(service)) return client_file;
  return service.secrets.empty() ? service.http.handler : secrets_handler;
}

// All members, so that one that is taken away is a difference.
Value cors_of(const Service& service) {
  const auto& cors = service.target.settings["cors"];
  return Value::object({{"origins", Value(cors["origins"].as_strings())},
                        {"methods", Value(cors["methods"].as_strings())},
                        {"headers", Value(cors["headers"].as_strings())},
                        {"max_age_s", cors["max-age"].as_integer() / 1000}});
}

Value version_spec(const Service& service, const provider::ReleaseInfo& release, const Names& names) {
  const auto& settings = service.target.settings;
  const auto runtime = runtime_of(service);
  const auto& role = settings["role"].as_string();
  const auto& architecture = settings["architecture"].as_string();
  return Value::object({{"artifact", release.artifact},
                        {"handler", handler_of(service)},
                        {"runtime", runtime},
                        {"memory_mb", memory_mb(service)},
                        {"timeout_s", timeout_s(service)},
                        {"golden", !service.golden.empty()},
                        {"health", is_served(service) ? service.http.health : ""},
                        {"start_s", (service.rollout.start_timeout.count() + 999) / 1000},
                        {"architecture", architecture.empty() ? "x86_64" : architecture},
                        {"storage_mb", settings["ephemeral-storage"].as_integer(512LL << 20) >> 20},
                        {"env", variables_of(service, release.secret_versions)},
                        {"role", role.empty() ? names.role : role},
                        {"subnets", Value(sorted(settings["vpc"]["subnets"].as_strings()))},
                        {"security_groups", Value(sorted(settings["vpc"]["security-groups"].as_strings()))}});
}

// How a version is checked is no configuration of its.
void without_checks(Value& spec) {
  spec.erase("golden");
  spec.erase("health");
  spec.erase("start_s");
}

// A role that mdl made is named, one that was given is an ARN.
bool same_role(const std::string& wanted, const std::string& observed) {
  if (wanted.starts_with("arn:")) return wanted == observed;
  return observed.substr(observed.rfind('/') + 1) == wanted;
}

std::vector<std::string> whole_maps(const std::string& kind) {
  if (kind == "version") return {"env.*"};
  return {};
}

}  // namespace

std::int64_t memory_mb(const Service& service) {
  return (service.resources.memory_bytes + (1 << 20) - 1) >> 20;
}

std::int64_t timeout_s(const Service& service) { return (service.http.timeout.count() + 999) / 1000; }

std::string runtime_of(const Service& service) {
  const auto& wanted = service.target.settings["runtime"].as_string();
  if (!wanted.empty()) return wanted;
  if (!uses_python(service)) return "provided.al2023";
  return "python" + (service.build.python.empty() ? std::string("3.13") : service.build.python);
}

Value variables_of(const Service& service, const SecretVersions& secrets) {
  auto env = Value::object();
  for (const auto& [name, text] : service.env) env.set(name, text);
  if (const auto context = service.context(); context > 0) env.set("MDL_CONTEXT", std::to_string(context));
  if (is_served(service) && !is_os_only(runtime_of(service))) env.set(wrapper_variable, wrapper_path);
  if (secrets.empty()) return env;
  auto references = Value::object();
  for (const auto& [name, reference] : secrets) references.set(name, reference);
  env.set(secrets_variable, dump(references));
  if (!is_served(service)) env.set(handler_variable, service.http.handler);
  return env;
}

std::vector<Desired> render(const Service& service, const provider::ReleaseInfo& release,
                            const Names& names) {
  const auto& settings = service.target.settings;
  const plan::ResourceId role{"role", names.role}, policy{"role-policy", names.role + "/" + policy_name},
      logs{"log-group", names.log_group}, function{"function", names.function};
  std::vector<Desired> all;
  std::vector<plan::ResourceId> before{logs};
  if (settings["role"].as_string().empty()) {
    all.push_back({.id = role, .spec = Value::object({{"trust", trust()}}), .serves = true});
    all.push_back({.id = policy,
                   .spec = Value::object({{"policy", execution_policy(service, names)}}),
                   .needs = {role},
                   .serves = true});
    before.push_back(policy);
  }
  std::vector<plan::ResourceId> of_version{function};
  // One a release, so that what serves may read its secrets while the next one may read others.
  if (settings["role"].as_string().empty() && !release.secret_versions.empty()) {
    of_version.push_back(secret_policy_id(names, release.number));
    all.push_back({.id = of_version.back(),
                   .release = release.number,
                   .spec = Value::object({{"policy", secrets_policy(release.secret_versions)}}),
                   .needs = {role}});
  }
  all.push_back(
      {.id = logs, .spec = Value::object({{"retention_days", settings["log-retention"].as_integer(30)}})});
  auto spec = version_spec(service, release, names);
  auto created = spec;
  created.set("tags", function_tags(service, names));
  all.push_back({.id = function, .spec = std::move(created), .needs = before});
  if (service.sources.contains("scale.max"))
    all.push_back({.id = {"concurrency", names.function},
                   .spec = Value::object({{"max", service.scale.max}}),
                   .needs = {function},
                   .serves = true});
  all.push_back({.id = {"version", names.function + "/" + std::to_string(release.number)},
                 .release = release.number,
                 .spec = std::move(spec),
                 .needs = of_version});
  if (service.sources.contains("scale.min") && service.scale.min > 0) {
    Desired ready{.id = {"provisioned", names.function},
                  .spec = Value::object({{"min", service.scale.min}}),
                  .needs = {function},
                  .serves = true,
                  .follows = true};
    if (service.sources.contains("scale.max")) ready.needs.push_back({"concurrency", names.function});
    all.push_back(std::move(ready));
  }
  const bool open = settings["url-auth"].as_string() != "iam";
  if (open)
    for (const auto& one : url_statements)
      all.push_back({.id = {"permission", names.function + "/" + one.id},
                     .spec = Value::object({{"action", one.action}, {"principal", "*"}}),
                     .serves = true,
                     .follows = true});
  Desired url{
      .id = {"url", names.function},
      .spec = Value::object({{"auth", open ? "NONE" : "AWS_IAM"},
                             {"invoke_mode", settings["stream"].as_bool() ? "RESPONSE_STREAM" : "BUFFERED"},
                             {"cors", cors_of(service)}}),
      .serves = true,
      .follows = true};
  if (open)
    for (const auto& one : url_statements) url.needs.push_back({"permission", names.function + "/" + one.id});
  all.push_back(std::move(url));
  if (auto note = note_for(names, all)) all.push_back(std::move(*note));
  for (auto& desired : all) add_sources(desired, service);
  return all;
}

std::vector<plan::FieldDiff> differences(const Desired& desired, const plan::Observed& observed) {
  Value wanted = desired.spec, found = observed.spec;
  if (desired.id.kind == note_kind) wanted.erase("holds");
  if (desired.id.kind == "function") wanted = Value::object({{"tags", desired.spec["tags"]}});
  if (desired.id.kind == "version") without_checks(wanted);
  if (desired.id.kind == "version" && same_role(wanted["role"].as_string(), found["role"].as_string()))
    wanted.erase("role");
  auto fields = plan::compare(wanted, found, whole_maps(desired.id.kind));
  for (auto& field : fields) {
    if (const auto source = desired.sources.find(field.field); source != desired.sources.end())
      field.where = source->second;
    for (const auto& word : words)
      if (word.kind == desired.id.kind && word.spec == field.field) {
        field.field = word.manifest.substr(word.manifest.starts_with("targets.*.") ? 10 : 0);
        break;
      }
  }
  return fields;
}

bool same_configuration(const Value& wanted, const Value& observed) {
  Value without = wanted;
  without.erase("artifact");
  without.erase("tags");
  without_checks(without);
  without.erase("architecture");
  if (same_role(wanted["role"].as_string(), observed["role"].as_string())) without.erase("role");
  return plan::compare(without, observed, {"env.*"}).empty();
}

Value configuration_body(const Value& spec, const std::string& role) {
  return Value::object({{"Handler", spec["handler"]},
                        {"Runtime", spec["runtime"]},
                        {"MemorySize", spec["memory_mb"]},
                        {"Timeout", spec["timeout_s"]},
                        {"EphemeralStorage", Value::object({{"Size", spec["storage_mb"]}})},
                        {"Environment", Value::object({{"Variables", spec["env"]}})},
                        {"Role", role},
                        // Empty lists leave a network; without them it would be kept.
                        {"VpcConfig", Value::object({{"SubnetIds", spec["subnets"]},
                                                     {"SecurityGroupIds", spec["security_groups"]}})}});
}

}  // namespace mdl::aws
