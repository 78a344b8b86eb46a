#pragma once

#include <string>
#include <vector>

#include "core/provider/provider.hpp"
#include "providers/aws/names.hpp"
#include "providers/aws/secrets.hpp"

// What a service needs at AWS, and how it differs from what is there. Pure.
namespace mdl::aws {

// Resources, in the order in which they are made (those that the manifest makes unneeded are left out):
//   role NAME                 {trust}                  unless the target names one
//   role-policy NAME/mdl      {policy}
//   secret-policy NAME/mdl-8 {policy}                 the release's own, where it has secrets
//   log-group /aws/lambda/F   {retention_days}
//   function F                {tags, and the configuration it is created with}: shared, holds nothing of a
//   release concurrency F             {max}                    where the manifest sets scale.max version F/8
//   {artifact, handler, runtime, memory_mb, timeout_s, architecture, storage_mb, env, role,
//                              subnets, security_groups}: the release's own; golden and health say how it is
//                              checked
//   permission F/SID          {action, principal}      hang on the alias, so they follow the promote
//   provisioned F             {min}                    where the manifest sets scale.min over 0; hangs on the
//   alias url F                     {auth, invoke_mode, cors} parameter /mdl/S/T/shared {digest, holds} what is
//   shared, noted: see note.hpp
std::vector<plan::Desired> render(const manifest::Service& service, const provider::ReleaseInfo& release,
                                  const Names& names);

// The fields bear the manifest's words; "code" is the artifact.
std::vector<plan::FieldDiff> differences(const plan::Desired& desired, const plan::Observed& observed);

// Whether a configuration at AWS is what a `version` resource wants; aside what comes with the code (itself,
// its architecture) and the description.
bool same_configuration(const Value& wanted, const Value& observed);

// The body of CreateFunction and UpdateFunctionConfiguration without name and code. `role` is an ARN.
Value configuration_body(const Value& spec, const std::string& role);

// Whole MB and seconds that the manifest's sizes and times come to.
std::int64_t memory_mb(const manifest::Service& service);
std::int64_t timeout_s(const manifest::Service& service);
std::string runtime_of(const manifest::Service& service);
// The function's variables: the service's, and what mdl adds. `secrets` are references, not values.
Value variables_of(const manifest::Service& service, const SecretVersions& secrets = {});

}  // namespace mdl::aws
