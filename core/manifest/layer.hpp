#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/manifest/fields.hpp"
#include "core/manifest/problems.hpp"
#include "core/manifest/tree.hpp"

// One place that sets fields (a manifest, the user's configuration, a --set) as a flat list, checked against
// the table.
namespace mdl::manifest {

// A field with the value that one place gives it, as parse_value made it; lists are arrays, sections of a
// list objects.
struct Assignment {
  const Field* field = nullptr;
  std::string path;  // "scale.max", "env.LOG_LEVEL", "model"; in a target without "targets.<name>."
  std::string key;   // of an entry of a map: "LOG_LEVEL"
  Value value;
  At at;
  std::vector<std::pair<std::string, At>> parts;  // the places of a list's items: "model.0.path"
};

struct TargetLayer {
  std::string name, provider;  // provider: "" when it could not be told, which was reported
  At at;
  std::vector<Assignment> assignments;
};

struct Layer {
  const File* file = nullptr;
  bool present = false;  // the root was a map
  std::vector<Assignment> assignments;
  std::vector<TargetLayer> targets;
  const TargetLayer* find(std::string_view target) const;
};

enum class Kind {
  manifest,    // needs mdl and name
  root,        // of a project: needs mdl, has services, must not have a name
  part,        // a service of a project: as manifest, without services
  user,        // the user's configuration: no name, needs, services or targets
  overriding,  // --set and MDL_FIELD_*: values are taken as they are and never shown
};

struct ReadOptions {
  Kind kind = Kind::manifest;
  std::string target;  // the one in use: only there, and outside of targets, an unset variable is a problem
  const std::map<std::string, std::string>* environment = nullptr;
  const Layer* root = nullptr;  // of a part: its targets' providers hold here too
  std::string provider;         // of overriding: the provider of the target in use
};

// Reads a parsed text by the table. Every problem is added; what is right is in the result.
Layer read_layer(const Node& node, File& file, const ReadOptions& options, Problems& problems);

}  // namespace mdl::manifest
