#pragma once

#include <string>
#include <vector>

#include "providers/aws/client/client.hpp"
#include "providers/aws/records.hpp"

// The Parameter Store's calls.
namespace mdl::aws {

// All parameters below the path; not recursive: those directly below it only. One request for ten of them.
Result<Parameters> parameters_below(Client& client, const std::string& path, bool recursive);

// Errors: conflict when it exists and is not to be overwritten.
Result<void> put_parameter(Client& client, const std::string& name, const std::string& value, bool overwrite);

// Those that are not there are passed over.
Result<void> delete_parameters(Client& client, const std::vector<std::string>& names);

}  // namespace mdl::aws
