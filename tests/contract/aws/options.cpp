#include "tests/contract/aws/options.hpp"

#include <cstdlib>

#include "core/util/files.hpp"
#include "core/util/process.hpp"

namespace mdl::contract {

aws::Options aws_options(std::unique_ptr<http::Transport> transport, Clock& clock, Sleeper& sleeper,
                         std::string zips) {
  return {.client = {.transport = std::move(transport),
                     .clock = clock,
                     .sleeper = sleeper,
                     .uniform = [] { return 0.5; },
                     .around = {.variable = [](const std::string& name) -> std::optional<std::string> {
                                  const char* value = std::getenv(name.c_str());
                                  return value ? std::optional<std::string>(value) : std::nullopt;
                                },
                                .read = [](const std::string& path) { return read_file(path); },
                                .run = [](const Command& command) { return run(command); },
                                .clock = clock}},
          .zips = std::move(zips)};
}

}  // namespace mdl::contract
