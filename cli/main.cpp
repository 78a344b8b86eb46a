#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/run.hpp"

int main(int argc, char** argv) try {
  return mdl::cli::run(argc > 0 ? argv[0] : "mdl",
                       std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
} catch (const std::exception& error) {
  std::fprintf(stderr, "mdl: %s\n", error.what());
  return 4;
}
