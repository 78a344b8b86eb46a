#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/http/transport.hpp"
#include "core/util/process.hpp"
#include "providers/aws/auth/shared_config.hpp"

namespace mdl::aws {

// All of the outside that credentials, region and endpoints are found in: arguments, so that tests need no
// machine.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string& name)> variable;  // nullopt or "": not set
  std::function<Result<std::string>(const std::string& path)> read;             // a file
  std::function<Result<Finished>(const Command&)> run;
  Clock& clock;
};

// The variable, or "".
std::string variable(const Surroundings& around, const std::string& name);

// The files that $AWS_CONFIG_FILE and $AWS_SHARED_CREDENTIALS_FILE name, else those below ~/.aws. One that is
// not there is empty. Errors: of a file that is there and cannot be read.
Result<SharedConfig> load_shared_config(const Surroundings& around);

// "~/x" below $HOME.
std::string at_home(const Surroundings& around, const std::string& path);

// The profile that is asked for: `wanted` (of the target), $AWS_PROFILE, "default".
std::string profile_name(const Surroundings& around, const std::string& wanted);

}  // namespace mdl::aws
