#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "providers/aws/client/client.hpp"
#include "providers/aws/names.hpp"

// Lambda's calls that more than one part of the provider makes. Reads are absent only where that is certain.
namespace mdl::aws {

// FunctionConfiguration, as far as it is looked at.
struct Configuration {
  std::string version;  // "$LATEST", "12"
  std::string description, code_sha256, revision;
  std::string state, state_reason, state_code;
  std::string update, update_reason, update_code;  // LastUpdateStatus…
  std::string arn;
  Value spec;  // what is set, in the words of `version` resources, see render.hpp
  std::optional<Described> described;
};
Configuration configuration_from(const Value& value);

// Whether nothing is under way: a function that is Active (or at rest) and not being updated.
bool is_settled(const Configuration& configuration);
bool has_failed(const Configuration& configuration);

struct Function {
  Configuration latest;
  std::map<std::string, std::string> tags;
  std::optional<std::int64_t> reserved;  // concurrency
};

struct Alias {
  std::string version, revision, description;
  std::map<std::string, double> weights;  // of further versions
};

Alias alias_from(const Value& value);  // AliasConfiguration

class FunctionApi {
 public:
  explicit FunctionApi(Client& client) : client_(client) {}

  // nullopt: Lambda says ResourceNotFoundException for the bare name, which is certain. Errors: denied
  // ("unknown"), unavailable.
  Result<std::optional<Function>> function(const std::string& name);
  // The configuration of one version; not_found when there is none of that number.
  Result<Configuration> configuration(const std::string& name, const std::string& qualifier);
  // All published versions, oldest first, `$LATEST` not among them. Empty when there is no function.
  Result<std::vector<Configuration>> versions(const std::string& name);
  // nullopt only after the function itself was found, or found absent.
  Result<std::optional<Alias>> alias(const std::string& name);
  // Observes until nothing is under way, at most `limit`. Errors: not_found, timeout.
  Result<Function> settled(const std::string& name, Milliseconds limit);

  // The highest version that says it is this release; nullptr when there is none.
  static const Configuration* version_of(const std::vector<Configuration>& versions, int release);

 private:
  Client& client_;
};

std::string function_path(const std::string& name, const std::string& rest = "");

}  // namespace mdl::aws
