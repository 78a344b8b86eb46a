#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/util/value.hpp"
#include "providers/aws/auth/chain.hpp"
#include "providers/aws/client/skew.hpp"
#include "providers/aws/client/xml.hpp"

namespace mdl::aws {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct ClientOptions {
  std::unique_ptr<http::Transport> transport;  // plain: retry and signing are added here
  Clock& clock;
  Sleeper& sleeper;
  std::function<double()> uniform;  // in [0, 1), for the retry
  Surroundings around;
  std::string region, profile;  // of the target; "": as the environment has them
};

// One request to Lambda's REST-JSON. `operation` and `resource` are for messages and for the table of calls.
struct Rest {
  const char* operation;  // "UpdateAlias"
  std::string resource;   // "hello-eu:live"
  const char* method = "GET";
  std::string path;  // "/2015-03-31/functions/hello-eu"
  Pairs query = {};
  Value body = {};          // null: none
  bool idempotent = false;  // may be repeated when its answer is lost
  Pairs headers = {};
  Milliseconds timeout{60'000};
};

// One request to S3. The path begins with the bucket: "/bucket/key".
struct S3Call {
  const char* operation;  // "PutObject"
  const char* method = "GET";
  std::string path;
  Pairs query = {};
  Pairs headers = {};
  std::string body = {};
  Milliseconds timeout{60'000};
};

// Speaks to AWS with the standard credentials: signed, retried, clock skew corrected. Threads may share it.
// Errors are those of error_of; members of answers that are not known are passed over.
class Client {
 public:
  // Errors: invalid when no region is known; of a config file that cannot be read. Sends nothing by itself,
  // but for an instance's region when nobody else says one.
  static Result<std::shared_ptr<Client>> open(ClientOptions options);

  // An answer without a body is an empty object.
  Result<Value> rest(const Rest& call);
  // The answer as it is, whatever its status.
  Result<http::Response> exchange(const Rest& call, const std::string& body,
                                  const http::OnBody& on_body = {});
  // Any status of 300 and more is an error. May be repeated when its answer is lost.
  Result<http::Response> s3(const S3Call& call);
  // IAM and STS: the form's Action and Version are added.
  Result<Xml> query(Service service, const std::string& action, Pairs form, bool idempotent);
  // CloudWatch Logs, CloudWatch, SSM and Secrets Manager: `operation` without the service's prefix.
  Result<Value> json(Service service, const std::string& operation, const Value& body, bool idempotent);

  const std::string& region() const { return region_; }
  const std::string& profile() const { return profile_; }
  CredentialChain& credentials() { return *chain_; }
  Clock& clock() const { return options_.clock; }
  Sleeper& sleeper() const { return options_.sleeper; }
  // The operations that were sent so far, "lambda:GetFunction hello-eu", in order of their first time.
  std::vector<std::string> operations() const;

 private:
  explicit Client(ClientOptions options) : options_(std::move(options)) {}
  Endpoint endpoint(Service service) const;
  std::unique_ptr<http::Transport> pipeline(const Endpoint& endpoint);
  Result<http::Response> send(Service service, http::Request request, const std::string& operation,
                              const http::OnBody& on_body = {});

  ClientOptions options_;
  SharedConfig shared_;
  std::string region_, profile_;
  std::unique_ptr<CredentialChain> chain_;
  Skew skew_;
  std::map<Service, std::unique_ptr<http::Transport>> pipelines_;
  mutable std::mutex mutex_;
  std::vector<std::string> operations_;
};

}  // namespace mdl::aws
