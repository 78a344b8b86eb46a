#include "providers/local/machine.hpp"

#include <algorithm>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::local {

namespace {

std::optional<std::int64_t> number_in(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  return parse_integer(std::string_view(*text).substr(0, text->find_first_of("\n ")));  // "max": no number
}

// The number behind `name` in lines such as "MemAvailable:   123 kB" and "inactive_file 123".
std::optional<std::int64_t> line_in(const std::string& path, std::string_view name) {
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  for (auto line : split(*text, '\n')) {
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return parse_integer(line.substr(0, line.find(' ')));
  }
  return std::nullopt;
}

constexpr std::int64_t unlimited = std::int64_t{1} << 60;

struct Names {  // of one version of control groups
  const char *limit, *used, *cache;
};
constexpr Names version_2{"memory.max", "memory.current", "inactive_file "};
constexpr Names version_1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "};

// The least of what groups allow, of this one and those around it.
struct Allowed {
  std::optional<std::int64_t> limit, left;
};

void lower(std::optional<std::int64_t>& least, std::int64_t value) {
  value = std::max<std::int64_t>(value, 0);
  least = std::min(least.value_or(value), value);
}

// Files that are only cached can go, so they count as left.
Allowed allowed_in(const std::string& top, std::string group, const Names& names) {
  Allowed allowed;
  for (;;) {
    const auto folder = top + group + "/";
    const auto limit = number_in(folder + names.limit), used = number_in(folder + names.used);
    if (limit) lower(allowed.limit, *limit);
    if (limit && used)
      lower(allowed.left, *limit - *used + line_in(folder + "memory.stat", names.cache).value_or(0));
    if (group.empty()) return allowed;
    group.erase(group.rfind('/'));
  }
}

Allowed allowed_in_groups(const std::string& root) {
  const auto text = read_file(root + "/proc/self/cgroup");
  if (!text) return {};
  for (const auto line : split(*text, '\n')) {
    const auto parts = split(line, ':');
    if (parts.size() != 3) continue;
    std::string group(parts[2] == "/" ? "" : parts[2]);
    if (parts[1].empty() && exists(root + "/sys/fs/cgroup/cgroup.controllers"))
      return allowed_in(root + "/sys/fs/cgroup", std::move(group), version_2);
    const auto controllers = split(parts[1], ',');
    if (std::ranges::find(controllers, "memory") != controllers.end())
      return allowed_in(root + "/sys/fs/cgroup/memory", std::move(group), version_1);
  }
  return {};
}

}  // namespace

std::int64_t memory_of_machine(const std::string& root) {
  const auto memory = line_in(root + "/proc/meminfo", "MemTotal:").value_or(0) * 1024;
  const auto limit = allowed_in_groups(root).limit;
  // Without a limit version 1 states one beyond all memory.
  return limit && (memory == 0 || *limit < memory) && *limit < unlimited ? *limit : memory;
}

Machine read_machine(const std::string& root) {
  Machine machine;
  if (const auto kilobytes = line_in(root + "/proc/meminfo", "MemAvailable:"))
    machine.memory = *kilobytes * 1024;
  if (const auto left = allowed_in_groups(root).left)
    machine.memory = std::min(machine.memory.value_or(*left), *left);
  return machine;
}

}  // namespace mdl::local
