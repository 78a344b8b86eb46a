#include "providers/local/supervisor/usage.hpp"

#include <charconv>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

#include "core/util/text.hpp"

namespace mdl::local::supervisor {

namespace {

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

// Files of /proc have no size; these are short or worth reading whole.
std::string read_proc(const std::string& path) {
  std::string text;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return text;
  char block[16384];
  for (ssize_t n = 0; (n = ::read(descriptor, block, sizeof block)) > 0;)
    text.append(block, static_cast<std::size_t>(n));
  ::close(descriptor);
  return text;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  for (const auto word : split(text, ' '))
    if (!word.empty()) result.push_back(word);
  return result;
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::set<std::uint64_t> socket_inodes(pid_t pid) {
  std::set<std::uint64_t> inodes;
  const auto folder = "/proc/" + std::to_string(pid) + "/fd";
  const Folder opened(::opendir(folder.c_str()), &::closedir);
  if (!opened) return inodes;
  while (const auto* entry = ::readdir(opened.get())) {
    char target[64];
    const auto n = ::readlinkat(::dirfd(opened.get()), entry->d_name, target, sizeof target);
    const std::string_view text(target, n > 0 ? static_cast<std::size_t>(n) : 0);
    if (!text.starts_with("socket:[") || !text.ends_with(']')) continue;
    if (const auto inode = parse_integer(text.substr(8, text.size() - 9)))
      inodes.insert(static_cast<std::uint64_t>(*inode));
  }
  return inodes;
}

}  // namespace

std::optional<ProcessStat> parse_stat(std::string_view text) {
  // The program's name stands in parentheses and may hold anything.
  const auto name_end = text.rfind(") ");
  if (name_end == text.npos) return std::nullopt;
  const auto fields = words(text.substr(name_end + 2));  // from the third on: state, parent, group, …
  if (fields.size() < 22) return std::nullopt;
  ProcessStat stat;
  const auto group = parse_integer(fields[2]);
  for (const std::size_t i : {11, 12, 13, 14}) stat.ticks += parse_integer(fields[i]).value_or(0);
  const auto pages = parse_integer(fields[21].substr(0, fields[21].find('\n')));
  if (!group || !pages) return std::nullopt;
  stat.group = static_cast<pid_t>(*group);
  stat.pages = *pages;
  stat.ended = fields[0] == "Z" || fields[0] == "X";
  return stat;
}

std::map<pid_t, Usage> sample_usage(const std::set<pid_t>& groups) {
  std::map<pid_t, Usage> result;
  const Folder opened(groups.empty() ? nullptr : ::opendir("/proc"), &::closedir);
  if (!opened) return result;
  static const auto page = ::sysconf(_SC_PAGESIZE);
  static const auto tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
  while (const auto* entry = ::readdir(opened.get())) {
    const auto pid = parse_integer(entry->d_name);
    if (!pid) continue;
    const auto stat = parse_stat(read_proc("/proc/" + std::string(entry->d_name) + "/stat"));
    if (!stat || !groups.contains(stat->group)) continue;
    auto& usage = result[stat->group];
    usage.memory_bytes += stat->pages * page;
    usage.cpu_seconds += static_cast<double>(stat->ticks) / tick;
    usage.pids.push_back(static_cast<pid_t>(*pid));
    usage.runs = usage.runs || !stat->ended;
  }
  return result;
}

std::optional<std::int64_t> parse_pss(std::string_view text) {
  const auto start = text.find("\nPss:");
  if (start == text.npos) return std::nullopt;
  text.remove_prefix(start + 5);
  const auto fields = words(text.substr(0, text.find('\n')));
  const auto kilobytes = fields.empty() ? std::nullopt : parse_integer(fields[0]);
  return kilobytes ? std::optional(*kilobytes * 1024) : std::nullopt;
}

std::optional<std::int64_t> proportional_memory(const Usage& usage) {
  std::int64_t sum = 0;
  for (const auto pid : usage.pids) {
    const auto pss = parse_pss(read_proc("/proc/" + std::to_string(pid) + "/smaps_rollup"));
    if (!pss) return std::nullopt;
    sum += *pss;
  }
  return sum;
}

std::map<std::uint64_t, int> parse_listening(std::string_view text) {
  std::map<std::uint64_t, int> ports;
  for (const auto line : split(text, '\n')) {
    // sl local_address rem_address st tx:rx tr:when retransmits uid timeout inode …; state 0A listens.
    const auto fields = words(line);
    if (fields.size() < 10 || fields[3] != "0A") continue;
    const auto port = parse_hex(fields[1].substr(fields[1].rfind(':') + 1));
    const auto inode = parse_integer(fields[9]);
    if (port && inode) ports[static_cast<std::uint64_t>(*inode)] = static_cast<int>(*port);
  }
  return ports;
}

std::set<int> listening_ports(const Usage& usage) {
  std::set<int> found;
  if (usage.pids.empty()) return found;
  const auto net = "/proc/" + std::to_string(usage.pids.front()) + "/net/";
  auto ports = parse_listening(read_proc(net + "tcp"));
  ports.merge(parse_listening(read_proc(net + "tcp6")));
  for (const auto pid : usage.pids)
    for (const auto inode : socket_inodes(pid))
      if (const auto port = ports.find(inode); port != ports.end()) found.insert(port->second);
  return found;
}

std::string readable_limit(std::int64_t bytes) {
  if (bytes % (1 << 20) == 0) return std::to_string(bytes >> 20) + " MB";
  return readable_bytes(static_cast<std::uint64_t>(bytes));
}

}  // namespace mdl::local::supervisor
