#pragma once

#include <string>

#include "core/manifest/service.hpp"
#include "core/oci/requirement_lines.hpp"
#include "core/provider/provider.hpp"
#include "providers/local/python.hpp"

namespace mdl::local {

struct EnvironmentRequest {
  std::string key;           // names its folder: the dependencies layer's digest
  std::string requirements;  // the text of all requirements
  Interpreter python;
  const manifest::Service&
      service;  // whose folder relative paths in the requirements start from, and whose lines errors name
};

// Makes the virtual environment below home.environments() unless it is there, with uv where that is found,
// else with venv and pip. Built beside and renamed when it is complete, so that a kill leaves no half one;
// two builders of the same one are harmless. Returns how many packages it holds. Errors: failed, with the
// installer's last lines, and the requirements line when they name a package.
Result<int> make_environment(const Home& home, const EnvironmentRequest& request,
                             const provider::OnProgress& progress);

// An environment without packages: bin/python only. Returns its key.
Result<std::string> make_plain_environment(const Home& home, const Interpreter& python);

std::string environment_folder(const Home& home, const std::string& key);

using oci::blamed_line;
using oci::package_name;

}  // namespace mdl::local
