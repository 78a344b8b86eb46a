#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest/layer.hpp"

namespace mdl::manifest {

// A service with the places that its fields came from.
struct Resolved {
  Service service;
  std::map<std::string, At> places;  // by the paths of Service::sources
  const File* file = nullptr;        // its manifest
  std::vector<const File*>
      files;  // all that can set its fields, besides the command line and the environment
  // The place of the field, of one inside it, of the nearest enclosing one, or the beginning of the file.
  At at(std::string_view path) const;
};

// Puts the assignments into the service, later layers over earlier ones. Of alternatives, and of a variable
// in env and in secrets, the latest stays.
void assign(const std::vector<const std::vector<Assignment>*>& layers, Resolved& resolved);

// What no single field shows: combinations, and files that must be there.
void check_service(const Resolved& resolved, Problems& problems);

// The services in the order of their needs. Problems: a need that is no service here (if all services are
// `known`), a cycle, a name taken twice.
std::vector<Resolved> order_by_needs(std::vector<Resolved> services, bool known, Problems& problems);

}  // namespace mdl::manifest
