#pragma once

#include <expected>
#include <map>
#include <string>
#include <vector>

#include "core/manifest/service.hpp"

namespace mdl::manifest {

struct LoadOptions {
  std::string target;             // empty: the manifest's only target, else "local", else an error
  std::vector<std::string> sets;  // "scale.max=5", from --set; strongest
  std::map<std::string, std::string> environment;  // for ${VAR} and MDL_FIELD_<PATH>
  std::string user_config;                         // path of the user's config file; may not exist
};

// The services of one project, each resolved for the target, in the order in which they deploy (needs first).
// A single manifest is a project of one.
struct Project {
  std::string folder;  // absolute
  std::string target;
  std::vector<Service> services;
  std::vector<std::string> targets;  // every target named in the manifest(s)
};

// Reads the manifest at `path` (a file, or a folder that holds mdl.yaml) and those that it names under
// `services:`. Order of precedence: --set, environment, manifest target, manifest, root manifest's shared
// defaults, user config, default. Returns every problem found, each located, sorted by file and place, at
// most 50 and then one that says how many more; never a partial project. Texts over 256 KiB, over 10,000
// values, nested over 32 levels, with aliases or duplicate keys are problems, found before the whole text is
// held as a tree. Fields are checked in all targets, unset variables only where they are used. Values from
// the environment and literal secrets are never part of a problem.
std::expected<Project, std::vector<Problem>> load(const std::string& path, const LoadOptions& options);

// The targets that the manifest(s) at `path` name, in their order ("local" when they name none), also when
// the manifest has problems or no target can be chosen. Empty when the manifest cannot be read.
std::vector<std::string> target_names(const std::string& path, const LoadOptions& options);

// The part of a service that makes one release differ from another, besides its artifact: http, env, secret
// references, resources, metrics, needs and the target's settings. Not: scale, rollout, hooks, golden, names
// of targets.
Value release_config(const Service& service);

// One problem in compiler style, "mdl.yaml:14:1: message", then the line and a caret line when the source is
// known.
std::string format(const Problem& problem);

}  // namespace mdl::manifest
