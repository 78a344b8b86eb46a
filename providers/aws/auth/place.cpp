#include "providers/aws/auth/place.hpp"

#include <array>

#include "core/util/text.hpp"

namespace mdl::aws {

namespace {

struct ServiceNames {
  std::string_view variable;  // AWS_ENDPOINT_URL_…
  std::string_view host;      // prefix of its host name
  std::string_view signing;
  bool global = false;  // one address a partition
};

ServiceNames names_of(Service service) {
  switch (service) {
    case Service::lambda:
      return {"LAMBDA", "lambda", "lambda"};
    case Service::iam:
      return {"IAM", "iam", "iam", true};
    case Service::sts:
      return {"STS", "sts", "sts"};
    case Service::logs:
      return {"CLOUDWATCH_LOGS", "logs", "logs"};
    case Service::metrics:
      return {"CLOUDWATCH", "monitoring", "monitoring"};
    case Service::ssm:
      return {"SSM", "ssm", "ssm"};
    case Service::sso:
      return {"SSO", "portal.sso", "awsssoportal"};
    case Service::secrets:
      return {"SECRETS_MANAGER", "secretsmanager", "secretsmanager"};
    case Service::s3:
      return {"S3", "s3", "s3"};
  }
  return {};
}

struct Partition {
  std::string_view prefix;  // of its regions
  std::string_view name, suffix, global_region;
};
// Source: botocore 1.40 data/partitions.json, read 2026-11-24.
constexpr std::array partitions{
    Partition{"cn-", "aws-cn", "amazonaws.com.cn", "cn-north-1"},
    Partition{"us-gov-", "aws-us-gov", "amazonaws.com", "us-gov-west-1"},
    Partition{"us-iso-", "aws-iso", "c2s.ic.gov", "us-iso-east-1"},
    Partition{"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "us-isob-east-1"},
    Partition{"eusc-", "aws-eusc", "amazonaws.eu", "eusc-de-east-1"},
    Partition{"", "aws", "amazonaws.com", "us-east-1"},
};

const Partition& partition(const std::string& region) {
  for (const auto& one : partitions)
    if (region.starts_with(one.prefix)) return one;
  return partitions.back();
}

std::string configured(const ServiceNames& names, const Surroundings& around, const SharedConfig& shared,
                       const std::string& profile) {
  if (lower_case(variable(around, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) == "true") return {};
  auto url = variable(around, "AWS_ENDPOINT_URL_" + std::string(names.variable));
  if (url.empty()) url = variable(around, "AWS_ENDPOINT_URL");
  const auto* settings = shared.profile(profile);
  if (!url.empty() || settings == nullptr) return url;
  if (const auto section = shared.services.find(setting(*settings, "services"));
      section != shared.services.end())
    url = setting(section->second, lower_case(names.variable) + ".endpoint_url");
  return url.empty() ? setting(*settings, "endpoint_url") : url;
}

}  // namespace

std::string region_of(const Surroundings& around, const SharedConfig& shared, const std::string& profile,
                      const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  for (const auto* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (auto region = variable(around, name); !region.empty()) return region;
  const auto* settings = shared.profile(profile);
  return settings == nullptr ? std::string() : setting(*settings, "region");
}

std::string partition_of(const std::string& region) { return std::string(partition(region).name); }

Endpoint endpoint_of(Service service, const std::string& region, const Surroundings& around,
                     const SharedConfig& shared, const std::string& profile) {
  const auto names = names_of(service);
  const auto& where = partition(region);
  Endpoint endpoint{.url = configured(names, around, shared, profile),
                    .region = names.global ? std::string(where.global_region) : region,
                    .service = std::string(names.signing)};
  while (endpoint.url.ends_with('/')) endpoint.url.pop_back();
  if (!endpoint.url.empty()) return endpoint;
  endpoint.url = "https://" + std::string(names.host);
  if (!names.global)
    endpoint.url += "." + region;
  else if (where.name != "aws")
    endpoint.url += "." + endpoint.region;
  endpoint.url += "." + std::string(where.suffix);
  return endpoint;
}

}  // namespace mdl::aws
