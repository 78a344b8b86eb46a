#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mdl::local {

// What this machine can still give to processes of mdl. nullopt: the system does not tell.
struct Machine {
  std::optional<std::int64_t> memory;  // bytes: MemAvailable, or what the control group's limit leaves
};

// Reads /proc/meminfo, /proc/self/cgroup and the memory limits of that group and those around it (version 2
// or 1). `root` stands before all of these paths: tests give a folder.
Machine read_machine(const std::string& root = {});

// Bytes of memory that this machine has in all for processes of mdl: what is built in, or what the least
// limit of the control group and those around it allows. 0: not known. `root` as above.
std::int64_t memory_of_machine(const std::string& root = {});

}  // namespace mdl::local
