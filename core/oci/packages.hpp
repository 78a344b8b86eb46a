#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/layers.hpp"
#include "core/util/error.hpp"

// The Python packages of a service as files, for another machine: what an artifact carries where no
// environment is made.
namespace mdl::oci {

struct PackagesRequest {
  std::string requirements;                            // the text, see requirements_text
  std::string python;                                  // "3.12"
  std::string platform;                                // "linux/amd64" or "linux/arm64"
  std::string glibc;                                   // the version that the platform has, "2.34"
  std::string cache;                                   // folder
  const manifest::Service* service = nullptr;          // whose lines errors name
  std::function<void(std::string_view)> on_line = {};  // what the installer says
};

struct Package {
  std::string name, version;
};

struct Packages {
  std::vector<Package> packages;  // sorted by name
  std::vector<File> files;        // sorted by path; they lie in the cache
  std::uint64_t bytes = 0;
};

// Brings the wheels that the requirements lead to on that platform and Python, and unpacks them; or finds
// them in the cache, where they stand under a digest of the request. Nothing is built and nothing of the
// packages is run. Without requirements nothing is asked.
//
// The files depend on the wheels alone, not on who unpacked them where: there is no byte code, INSTALLER,
// REQUESTED or direct_url.json; RECORD lists what is there, sorted; the programs of bin/ are written anew
// from the packages' entry points and start
// `/usr/bin/env python3`. Which versions the requirements lead to is the index's matter, unless they state
// them.
//
// Taken is uv of PATH, else a pip of a Python of the same version and machine: pip judges conditions such as
// `; python_version < "3.12"` by the Python that runs it.
//
// Errors: invalid, with the requirement's line, when a package has no wheel for the platform, or does not
// exist; not_found when there is neither uv nor a pip that can do it; failed for other failures of the
// installer.
Result<Packages> install_packages(const PackagesRequest& request);

// The plan with the files in its dependencies layer, whose digest stays that of what was asked for.
LayerPlan with_packages(LayerPlan plan, Packages packages);

}  // namespace mdl::oci
