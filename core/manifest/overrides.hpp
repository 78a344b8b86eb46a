#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/manifest/problems.hpp"
#include "core/manifest/tree.hpp"

// Values from --set and from MDL_FIELD_*, as small trees that are read like a manifest.
namespace mdl::manifest {

struct Override {
  File* file;  // shown as "--set" or "$NAME", without a text
  Node root;
};

// "scale.max=5": the value is a YAML scalar or a flow list; what begins with none of ["' is taken as it is.
std::vector<Override> read_sets(const std::vector<std::string>& sets, Problems& problems,
                                std::vector<std::unique_ptr<File>>& files);

// MDL_FIELD_SCALE_MAX=5: the path of a field in capitals, '.' and '-' as '_'. Names of variables and secrets
// keep their letters: MDL_FIELD_ENV_LOG_LEVEL, MDL_FIELD_SECRETS_DB_PASSWORD_FROM. A target's:
// MDL_FIELD_TARGETS_PROD_REGION, left alone while another target is in use.
std::vector<Override> read_environment(const std::map<std::string, std::string>& environment,
                                       const std::vector<std::string>& targets, const std::string& target,
                                       Problems& problems, std::vector<std::unique_ptr<File>>& files);

}  // namespace mdl::manifest
