#pragma once

#include <optional>
#include <string>

#include "core/plan/change.hpp"
#include "core/release/record.hpp"

// What things are called at AWS. Pure: names come from the service, the target and the release alone.
namespace mdl::aws {

inline constexpr const char* live_alias = "live";
inline constexpr const char* policy_name = "mdl";
// Tags of everything that is made, and of the function the figures that the manifest declared.
inline constexpr const char* service_tag = "mdl:service";
inline constexpr const char* target_tag = "mdl:target";
inline constexpr const char* declared_tag = "mdl:scale-max";
inline constexpr const char* declared_min_tag = "mdl:scale-min";

struct Names {
  release::ServiceRef ref;
  std::string function;   // hello-handler-eu
  std::string role;       // mdl-hello-handler-eu-eu-central-1
  std::string log_group;  // /aws/lambda/hello-handler-eu
  std::string records;    // /mdl/hello-handler/eu
};
// A name over the platform's limit keeps its beginning and ends in eight digits of its digest.
Names names_of(const release::ServiceRef& ref, const std::string& region);

// The policy in the role that lets a release read its secrets.
plan::ResourceId secret_policy_id(const Names& names, int release);
// "mdl-8" → 8; nullopt: another policy.
std::optional<int> release_of_policy(const std::string& name);

// A published version's description says which release it is.
struct Described {
  int release = 0;
  std::string artifact;
  bool golden = false;      // golden requests are sent to it before it goes live: they show whether it starts
  std::string health = {};  // the path that a service answers when it is ready; "": it is a handler
  int start_s = 60;         // how long a service may take until it does
};
std::string describe(const Described& described);
std::optional<Described> described_in(const std::string& description);

// The two statements that let anyone call the function's URL.
struct Statement {
  const char* id;
  const char* action;
};
inline constexpr Statement url_statements[] = {{"mdl-url", "lambda:InvokeFunctionUrl"},
                                               {"mdl-url-invoke", "lambda:InvokeFunction"}};

}  // namespace mdl::aws
