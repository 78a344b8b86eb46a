#include <cstdio>
#include <exception>
#include <string>
#include <sys/prctl.h>
#include <vector>

#include "cli/run.hpp"

int main(int argc, char** argv) try {
  // Commands and the supervisor hold secrets: no core is written of them, and no other process of their user
  // reads their memory.
  ::prctl(PR_SET_DUMPABLE, 0);
  return mdl::cli::run(argc > 0 ? argv[0] : "mdl",
                       std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
} catch (const std::exception& error) {
  std::fprintf(stderr, "mdl: %s\n", error.what());
  return 4;
}
