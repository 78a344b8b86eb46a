#include <algorithm>

#include "core/http/url.hpp"
#include "core/util/text.hpp"
#include "core/util/value.hpp"
#include "providers/aws/auth/sources.hpp"

// Credentials that a container or an instance hands out over HTTP.
namespace mdl::aws {

namespace {

// The rule of the SDKs: a token may go in the clear only to this machine and to the addresses that containers
// use.
bool may_be_asked(const std::string& url) {
  if (url.starts_with("https://") || http::is_loopback(url)) return true;
  const auto place = http::origin(url);
  return place == "http://169.254.170.2" || place == "http://169.254.170.23" ||
         place == "http://[fd00:ec2::23]";
}

Result<std::string> container_token(const Surroundings& around) {
  if (const auto file = variable(around, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
    auto token = around.read(file);
    if (!token)
      return no_credentials("the container's token " + file + " cannot be read", token.error().message);
    while (token->ends_with('\n') || token->ends_with('\r')) token->pop_back();
    return token;
  }
  return variable(around, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
}

class Instance {
 public:
  explicit Instance(const Asking& asking) : asking_(asking) {
    const auto& around = asking.options.around;
    base_ = variable(around, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (base_.empty())
      base_ = variable(around, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") == "IPv6" ? "http://[fd00:ec2::254]"
                                                                                   : "http://169.254.169.254";
    while (base_.ends_with('/')) base_.pop_back();
  }

  // Whether this is an instance at all: a token is to be had. Elsewhere nobody answers within the second.
  bool answers() {
    auto token = asking_.transport.send(
        request("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds", "21600"}));
    if (!token || token->status != 200) return false;
    token_ = token->body;
    return true;
  }

  Result<http::Response> get(const std::string& path) {
    return asking_.transport.send(
        request("GET", "/latest/meta-data/" + path, {"X-aws-ec2-metadata-token", token_}));
  }

 private:
  http::Request request(const char* method, const std::string& path,
                        std::pair<std::string, std::string> header) const {
    return {.method = method,
            .url = base_ + path,
            .headers = {std::move(header)},
            .connect_timeout = Milliseconds{1'000},
            .timeout = Milliseconds{2'000}};
  }

  const Asking& asking_;
  std::string base_, token_;
};

bool has_metadata(const Asking& asking) {
  return variable(asking.options.around, "AWS_EC2_METADATA_DISABLED") != "true";
}

}  // namespace

Found from_container(const Asking& asking) {
  const auto& around = asking.options.around;
  const auto relative = variable(around, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  auto url = variable(around, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative.empty()) url = "http://169.254.170.2" + relative;
  if (url.empty()) return std::nullopt;
  if (!may_be_asked(url))
    return no_credentials(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this machine");
  MDL_TRY(const auto token, container_token(around));
  http::Request request{.url = url, .timeout = Milliseconds{5'000}, .idempotent = true};
  if (!token.empty()) request.headers.emplace_back("Authorization", token);
  MDL_TRY(const auto response, asking.transport.send(request));
  if (response.status != 200)
    return no_credentials("the container's credentials cannot be had", std::to_string(response.status));
  return credentials_from_json(response.body, "container", "Token");
}

Found from_instance(const Asking& asking) {
  if (!has_metadata(asking)) return std::nullopt;
  Instance instance(asking);
  if (!instance.answers()) return std::nullopt;
  MDL_TRY(const auto roles, instance.get("iam/security-credentials/"));
  if (roles.status == 404) return std::nullopt;  // an instance without a role
  const auto role = std::string(split(roles.body, '\n').front());
  if (roles.status != 200 || role.empty())
    return no_credentials("the instance does not say its role", std::to_string(roles.status));
  MDL_TRY(const auto response, instance.get("iam/security-credentials/" + role));
  if (response.status != 200)
    return no_credentials("the instance gives no credentials", std::to_string(response.status));
  return credentials_from_json(response.body, "instance", "Token");
}

std::string instance_region(const Asking& asking) {
  if (!has_metadata(asking)) return {};
  Instance instance(asking);
  if (!instance.answers()) return {};
  const auto region = instance.get("placement/region");
  return region && region->status == 200 ? region->body : std::string();
}

}  // namespace mdl::aws
