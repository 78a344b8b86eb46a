#pragma once

#include <string>

#include "providers/aws/auth/surroundings.hpp"

// Where requests go. Pure but for what it looks up in its surroundings.
namespace mdl::aws {

enum class Service { lambda, iam, sts, logs, metrics, ssm, sso, s3, secrets };

// An address and what its requests are signed for.
struct Endpoint {
  std::string url;  // without a slash at the end
  std::string region, service;
};

// The target's region, $AWS_REGION, $AWS_DEFAULT_REGION, the profile's; "" when none of them says.
std::string region_of(const Surroundings& around, const SharedConfig& shared, const std::string& profile,
                      const std::string& wanted);

// $AWS_ENDPOINT_URL_<SERVICE>, $AWS_ENDPOINT_URL, the profile's `services` section, its endpoint_url; else
// the published address in the region's partition. With $AWS_IGNORE_CONFIGURED_ENDPOINT_URLS only the last.
Endpoint endpoint_of(Service service, const std::string& region, const Surroundings& around,
                     const SharedConfig& shared, const std::string& profile);

// "aws", "aws-cn", "aws-us-gov", …: the second part of ARNs in this region.
std::string partition_of(const std::string& region);

}  // namespace mdl::aws
