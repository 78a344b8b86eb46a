#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace mdl::local::supervisor {

// What the processes of one group use now.
struct Usage {
  std::int64_t memory_bytes = 0;  // resident; pages that they share count once for each
  double cpu_seconds = 0;         // since they began, children that ended included
  std::vector<pid_t> pids;
  // Whether one of them has not ended. Those that ended stay in the group until somebody waits for them, for
  // good where the machine's first process waits for none, as in many containers.
  bool runs = false;
};

// One pass over /proc. Groups without a process are missing from the result.
std::map<pid_t, Usage> sample_usage(const std::set<pid_t>& groups);
// Like memory_bytes, but shared pages count once: slower. nullopt when the system does not tell.
std::optional<std::int64_t> proportional_memory(const Usage& usage);

// The figures of one /proc/<pid>/stat, pages and clock ticks as they stand there; nullopt when it is none.
struct ProcessStat {
  pid_t group = 0;
  std::int64_t ticks = 0, pages = 0;
  bool ended = false;  // and not waited for
};
std::optional<ProcessStat> parse_stat(std::string_view text);
// The bytes behind "Pss:" in a smaps_rollup.
std::optional<std::int64_t> parse_pss(std::string_view text);

// TCP ports that the group's processes listen on.
std::set<int> listening_ports(const Usage& usage);
// Port by socket inode of the listening sockets in a /proc/<pid>/net/tcp or tcp6.
std::map<std::uint64_t, int> parse_listening(std::string_view text);

// "512 MB": a memory limit as it is written in a manifest, in 2^20 bytes.
std::string readable_limit(std::int64_t bytes);

}  // namespace mdl::local::supervisor
