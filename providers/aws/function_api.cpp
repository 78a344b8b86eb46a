#include "providers/aws/function_api.hpp"

#include <algorithm>

#include "core/util/text.hpp"

namespace mdl::aws {

namespace {

bool absent(const Error& error) {
  return error.kind == ErrorKind::not_found && error.code == "ResourceNotFoundException";
}

// "arn:aws:iam::1:role/path/name" → the ARN; compared by name where we made the role.
Value spec_of(const Value& value) {
  auto spec = Value::object();
  spec.set("handler", value["Handler"]);
  spec.set("runtime", value["Runtime"]);
  spec.set("memory_mb", value["MemorySize"].as_integer(128));
  spec.set("timeout_s", value["Timeout"].as_integer(3));
  const auto architectures = value["Architectures"].as_strings();
  spec.set("architecture", architectures.empty() ? "x86_64" : architectures.front());
  spec.set("storage_mb", value["EphemeralStorage"]["Size"].as_integer(512));
  auto& env = spec.set("env", Value::object());
  for (const auto& [name, text] : value["Environment"]["Variables"].as_object()) env.set(name, text);
  spec.set("role", value["Role"]);
  auto subnets = value["VpcConfig"]["SubnetIds"].as_strings();
  auto groups = value["VpcConfig"]["SecurityGroupIds"].as_strings();
  std::ranges::sort(subnets);
  std::ranges::sort(groups);
  spec.set("subnets", Value(subnets));
  spec.set("security_groups", Value(groups));
  return spec;
}

}  // namespace

std::string function_path(const std::string& name, const std::string& rest) {
  return "/2015-03-31/functions/" + percent_encode(name) + rest;
}

Configuration configuration_from(const Value& value) {
  Configuration configuration{.version = value["Version"].as_string(),
                              .description = value["Description"].as_string(),
                              .code_sha256 = value["CodeSha256"].as_string(),
                              .revision = value["RevisionId"].as_string(),
                              .state = value["State"].as_string(),
                              .state_reason = value["StateReason"].as_string(),
                              .state_code = value["StateReasonCode"].as_string(),
                              .update = value["LastUpdateStatus"].as_string(),
                              .update_reason = value["LastUpdateStatusReason"].as_string(),
                              .update_code = value["LastUpdateStatusReasonCode"].as_string(),
                              .arn = value["FunctionArn"].as_string(),
                              .spec = spec_of(value)};
  configuration.described = described_in(configuration.description);
  if (configuration.described) configuration.spec.set("artifact", configuration.described->artifact);
  return configuration;
}

// Words that are not known (new states) count as settled: Lambda itself refuses what does not go.
bool is_settled(const Configuration& configuration) {
  return configuration.state != "Pending" && configuration.update != "InProgress";
}

bool has_failed(const Configuration& configuration) {
  return configuration.state == "Failed" || configuration.update == "Failed";
}

Alias alias_from(const Value& value) {
  Alias alias{.version = value["FunctionVersion"].as_string(),
              .revision = value["RevisionId"].as_string(),
              .description = value["Description"].as_string()};
  for (const auto& [version, weight] : value["RoutingConfig"]["AdditionalVersionWeights"].as_object())
    alias.weights[version] = weight.as_number();
  return alias;
}

Result<std::optional<Function>> FunctionApi::function(const std::string& name) {
  auto answer = client_.rest({.operation = "GetFunction", .resource = name, .path = function_path(name)});
  if (!answer && absent(answer.error())) return std::nullopt;
  if (!answer) return std::unexpected(std::move(answer).error());
  Function function{.latest = configuration_from((*answer)["Configuration"])};
  for (const auto& [tag, text] : (*answer)["Tags"].as_object()) function.tags[tag] = text.as_string();
  if (const auto& reserved = (*answer)["Concurrency"]["ReservedConcurrentExecutions"]; reserved.is_integer())
    function.reserved = reserved.as_integer();
  return function;
}

Result<Configuration> FunctionApi::configuration(const std::string& name, const std::string& qualifier) {
  MDL_TRY(const auto answer, client_.rest({.operation = "GetFunction",
                                           .resource = name + ":" + qualifier,
                                           .path = function_path(name),
                                           .query = {{"Qualifier", qualifier}}}));
  return configuration_from(answer["Configuration"]);
}

Result<std::vector<Configuration>> FunctionApi::versions(const std::string& name) {
  std::vector<Configuration> versions;
  std::string marker;
  do {
    Pairs query{{"MaxItems", "50"}};
    if (!marker.empty()) query.emplace_back("Marker", marker);
    auto answer = client_.rest({.operation = "ListVersionsByFunction",
                                .resource = name,
                                .path = function_path(name, "/versions"),
                                .query = query});
    if (!answer && absent(answer.error())) return std::vector<Configuration>{};
    if (!answer) return std::unexpected(std::move(answer).error());
    for (const auto& item : (*answer)["Versions"].as_array())
      if (item["Version"].as_string() != "$LATEST") versions.push_back(configuration_from(item));
    marker = (*answer)["NextMarker"].as_string();
  } while (!marker.empty());
  std::ranges::stable_sort(versions, {},
                           [](const Configuration& one) { return parse_integer(one.version).value_or(0); });
  return versions;
}

Result<std::optional<Alias>> FunctionApi::alias(const std::string& name) {
  auto answer = client_.rest({.operation = "GetAlias",
                              .resource = name + ":" + live_alias,
                              .path = function_path(name, std::string("/aliases/") + live_alias)});
  if (!answer && absent(answer.error())) {
    // The same words are said of an alias that is absent and of a wrong address.
    MDL_CHECK(function(name));
    return std::nullopt;
  }
  if (!answer) return std::unexpected(std::move(answer).error());
  return alias_from(*answer);
}

Result<Function> FunctionApi::settled(const std::string& name, Milliseconds limit) {
  constexpr Milliseconds longest{2'000};
  const auto deadline = client_.clock().elapsed() + limit;
  for (Milliseconds wait{20};; wait = std::min(longest, wait * 3 / 2)) {
    MDL_TRY(auto found, function(name));
    if (!found)
      return fail(Error{.kind = ErrorKind::not_found,
                        .message = "function " + name + " is not there",
                        .resource = "function " + name});
    if (is_settled(found->latest)) return std::move(*found);
    if (client_.clock().elapsed() >= deadline)
      return fail(Error{.kind = ErrorKind::timeout,
                        .message = "function " + name + " is still " +
                                   (found->latest.state == "Pending" ? "Pending" : "being updated"),
                        .code = found->latest.state_code,
                        .quoted = found->latest.state_reason,
                        .resource = "function " + name});
    client_.sleeper().sleep(wait);
  }
}

const Configuration* FunctionApi::version_of(const std::vector<Configuration>& versions, int release) {
  const Configuration* found = nullptr;
  for (const auto& version : versions)
    if (version.described && version.described->release == release) found = &version;
  return found;
}

}  // namespace mdl::aws
