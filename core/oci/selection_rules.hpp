#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/glob.hpp"
#include "core/oci/select.hpp"

// The two halves of select_files.
namespace mdl::oci {

struct Include {
  Glob glob;
  std::string text;
  std::size_t index;
  bool matched = false;
};

// What both halves know.
struct Selecting {
  const manifest::Service& service;
  std::string root;               // the service's folder, absolute, without a trailing slash
  std::vector<Include> includes;  // empty: everything
  std::set<std::string> models;   // model paths, normalised
  Selection found;

  bool includes_file(const std::string& path);  // and notes which pattern matched
  bool may_include_below(std::string_view folder) const;
  // An error with the place of `field` in the manifest.
  std::unexpected<Error> invalid(const std::string& field, std::string message) const;
};

// Fills `models` and found.weights. Weights are not subject to .gitignore, which often keeps them out of
// repositories.
Result<void> select_weights(Selecting& selecting);
// Fills found.application.
Result<void> select_application(Selecting& selecting);

constexpr int deepest_folder = 200;
// What version control and tools keep beside the code: never part of an artifact.
bool is_never_selected(std::string_view name);
std::string path_below(const std::string& folder, std::string_view name);
// Errors: invalid for a path that is not UTF-8 (archives and JSON need it) or too deep.
Result<void> check_path(const std::string& path, int depth);

}  // namespace mdl::oci
