#pragma once

#include "core/provider/provider.hpp"
#include "providers/aws/client/client.hpp"

namespace mdl::aws {

struct Options {
  ClientOptions client;
  std::string zips;  // folder of the zips that were made, named by their content
  bool role_given =
      false;  // the target names the function's role: who deploys need not be able to look at roles
};

// The provider `aws`: AWS Lambda functions of managed runtimes. Errors: as Client::open.
Result<provider::Provider> make_provider(Options options);

}  // namespace mdl::aws
