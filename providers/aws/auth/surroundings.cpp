#include "providers/aws/auth/surroundings.hpp"

namespace mdl::aws {

namespace {

Result<std::string> read_or_empty(const Surroundings& around, const std::string& named,
                                  const std::string& usual) {
  const auto path = at_home(around, named.empty() ? usual : named);
  auto text = around.read(path);
  if (!text && text.error().kind == ErrorKind::not_found) return std::string();
  return text;
}

}  // namespace

std::string variable(const Surroundings& around, const std::string& name) {
  return around.variable(name).value_or("");
}

std::string at_home(const Surroundings& around, const std::string& path) {
  return path.starts_with("~/") ? variable(around, "HOME") + path.substr(1) : path;
}

Result<SharedConfig> load_shared_config(const Surroundings& around) {
  MDL_TRY(const auto config, read_or_empty(around, variable(around, "AWS_CONFIG_FILE"), "~/.aws/config"));
  MDL_TRY(const auto credentials,
          read_or_empty(around, variable(around, "AWS_SHARED_CREDENTIALS_FILE"), "~/.aws/credentials"));
  return parse_shared_config(config, credentials);
}

std::string profile_name(const Surroundings& around, const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  const auto named = variable(around, "AWS_PROFILE");
  return named.empty() ? "default" : named;
}

}  // namespace mdl::aws
