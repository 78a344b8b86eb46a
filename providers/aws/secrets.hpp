#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/util/value.hpp"

// Secrets by reference. A release pins each as "ARN#version": a version id of Secrets Manager, or "name:3" of
// the Parameter Store. The function's own role reads them when it starts
// (providers/aws/python/mdl_secrets.py); neither mdl nor the function's configuration holds a value.
namespace mdl::aws {

using SecretVersions = std::map<std::string, std::string>;  // by the service's name for it

struct PinnedSecret {
  std::string arn, version;
  bool is_parameter() const { return arn.find(":ssm:") != std::string::npos; }
};
std::optional<PinnedSecret> pinned_from(const std::string& text);

// What lets a role read exactly these.
Value secrets_policy(const SecretVersions& versions);

inline constexpr const char* secrets_variable = "MDL_SECRETS";
inline constexpr const char* handler_variable = "MDL_HANDLER";
inline constexpr const char* secrets_handler = "mdl_secrets.handler";
inline constexpr const char* secrets_file = "mdl_secrets.py";

}  // namespace mdl::aws
