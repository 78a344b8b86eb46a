#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/util/error.hpp"
#include "core/util/value.hpp"
#include "providers/local/protocol.hpp"

namespace mdl::local {

// How one replica is started.
struct Launch {
  std::vector<std::string> arguments;  // [0] is an absolute path or is looked up in PATH of `environment`
  std::map<std::string, std::string> environment;  // all of it: nothing else of the supervisor's is inherited
  std::string folder;                              // working directory
  std::uint64_t descriptors = 0;                   // soft limit of open files; 0: as it is
};

// From a replicas spec (protocol.hpp), the values of its secrets, the URLs of the services it needs and the
// port it must listen on. The environment is PATH, HOME, LANG, TMPDIR, USER of the supervisor, then PORT,
// MDL_SERVICE, MDL_TARGET, MDL_RELEASE, MDL_REPLICA, MDL_CONCURRENCY, MDL_URL_<NAME>, PYTHONUNBUFFERED=1,
// OMP_NUM_THREADS from cpu, CUDA_VISIBLE_DEVICES from identity.gpus (none: empty, so that no device is
// visible), CUDA_DEVICE_ORDER, then `env`, then secrets. For the front also MDL_HEALTH (spec.health),
// MDL_TIMEOUT_MS (spec.timeout_ms) and MDL_MEMORY_BYTES (spec.memory_bytes). The front's arguments:
// <environment>/bin/python front/mdl_front.py entry src.app:app <interface>, or handler module.function.
// Errors: not_found when the artifact or its environment is not in the store.
Result<Launch> launch(const Home& home, const Value& spec, const std::map<std::string, std::string>& secrets,
                      const std::map<std::string, std::string>& urls, int port, const Value& identity);

}  // namespace mdl::local
