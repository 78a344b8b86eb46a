#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

// The files ~/.aws/config and ~/.aws/credentials, read as the AWS command line reads them. Pure.
namespace mdl::aws {

using Settings = std::map<std::string, std::string>;  // names in lower case; nested ones as "s3.endpoint_url"

struct SharedConfig {
  std::map<std::string, Settings> profiles;                // of both files; credentials win
  std::map<std::string, Settings> sso_sessions;            // [sso-session NAME]
  std::map<std::string, Settings> services;                // [services NAME]
  const Settings* profile(const std::string& name) const;  // nullptr: there is none
};

// "" in a missing member.
const std::string& setting(const Settings& settings, const std::string& name);

// Lines that are no setting are passed over: other tools write to these files too.
SharedConfig parse_shared_config(std::string_view config, std::string_view credentials);

}  // namespace mdl::aws
