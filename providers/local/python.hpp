#pragma once

#include <string>

#include "core/util/error.hpp"
#include "providers/local/protocol.hpp"

namespace mdl::local {

struct Interpreter {
  std::string program;  // absolute; of the installation itself when it was found through a virtual
                        // environment or a shim
  std::string version;  // "3.11.2"
  bool venv = false;    // can make virtual environments with pip by itself
  bool pip = false;     // has a pip that installs into other environments (22.3 or newer)
};

// The interpreter for build.python ("3.11"; empty: python3): python3.11 and python3 of PATH, then what uv
// knows. What was found is remembered below the home by the program's size and time, since starting Python
// costs more than a whole unchanged deploy. `folder` is where a version manager looks for the project's
// choice. Errors: not_found, with how to get it in `next`.
Result<Interpreter> find_interpreter(const Home& home, const std::string& wanted, const std::string& folder);

// The absolute path of uv, or "".
std::string find_uv();

// Whether "3.11.2" is a "3.11".
bool is_version(const std::string& version, const std::string& wanted);

// What to type so that the interpreter, or its venv module, is there.
std::string python_remedy(const std::string& wanted);
std::string venv_remedy(const std::string& version);

}  // namespace mdl::local
