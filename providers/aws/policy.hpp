#pragma once

#include <string>
#include <vector>

#include "core/manifest/service.hpp"
#include "providers/aws/client/client.hpp"
#include "providers/aws/names.hpp"

// The smallest policies that let somebody run each command on one service. Pure.
namespace mdl::aws {

struct PolicyScope {
  Names names;
  std::string partition = "aws", region, account = "*";  // as they stand in ARNs
  std::string role;                              // ARN of the role that the target names; "": mdl makes one
  bool concurrency = false;                      // the manifest sets scale.max
  bool open = true;                              // anyone may call the URL
  bool canary = false;                           // the rollout looks at metrics
  bool ready = false;                            // instances are kept ready
  std::vector<std::string> secrets, parameters;  // names that the manifest's secrets have at AWS
  bool large = false;                            // the zip goes by way of S3, see bucket.hpp
};

// "plan", "deploy", "rollback", "scale" or "destroy"; resume needs what deploy does.
struct PhasePolicy {
  std::string phase;
  Value document;  // {Version, Statement: [{Sid, Effect, Action, Resource, Condition}]}; a Sid names the step
};
std::vector<PhasePolicy> policies(const PolicyScope& scope);

// The same for a service as its manifest has it, in the region that the client would take. Errors: invalid
// when no region is known.
Result<std::vector<PhasePolicy>> policies_of(const manifest::Service& service, const ClientOptions& options,
                                             const std::string& account, bool large);

// Whoever may take on the role of a pipeline: one repository, and one branch or environment of it.
struct Pipeline {
  std::string host;  // "github", "gitlab"
  std::string repository, branch, environment;
  std::string account;
};
// The role's trust policy. Errors: invalid, with what is missing.
Result<Value> trust_of(const Pipeline& pipeline);

// Every action of one phase, sorted: what the calls that a phase makes are held against.
std::vector<std::string> actions_of(const Value& document);

}  // namespace mdl::aws
