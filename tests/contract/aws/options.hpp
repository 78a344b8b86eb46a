#pragma once

#include <memory>
#include <string>

#include "core/http/transport.hpp"
#include "providers/aws/aws.hpp"

namespace mdl::contract {

// AWS where the variables of this process say that it is; `zips`: a folder.
aws::Options aws_options(std::unique_ptr<http::Transport> transport, Clock& clock, Sleeper& sleeper,
                         std::string zips);

}  // namespace mdl::contract
