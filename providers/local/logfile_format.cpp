#include "providers/local/logfile_format.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <dirent.h>
#include <memory>

namespace mdl::local {

namespace {

// Takes a number and the one character behind it off the front of `text`.
std::optional<std::int64_t> take_number(std::string_view& text, char separator) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (separator == '\0') return text.empty() ? std::optional(value) : std::nullopt;
  if (text.empty() || text.front() != separator) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

Time time_of(std::int64_t nanoseconds) { return Time(std::chrono::nanoseconds(nanoseconds)); }

std::optional<std::pair<ReplicaKey, std::uint64_t>> parse_name(std::string_view name) {
  const auto release = take_number(name, '-');
  const auto replica = release ? take_number(name, '.') : std::nullopt;
  const auto sequence = replica ? take_number(name, '.') : std::nullopt;
  if (!sequence || name != "log" || *sequence < 1) return std::nullopt;
  return std::pair(ReplicaKey(static_cast<int>(*release), static_cast<int>(*replica)),
                   static_cast<std::uint64_t>(*sequence));
}

std::optional<provider::LogGap> parse_gap(ReplicaKey replica, std::string_view text) {
  const auto from = take_number(text, ' ');
  const auto to = from ? take_number(text, ' ') : std::nullopt;
  if (!to) return std::nullopt;
  std::optional<std::int64_t> count;
  if (text.starts_with("- ")) {
    text.remove_prefix(2);
  } else if (count = take_number(text, ' '); !count) {
    return std::nullopt;
  }
  return make_gap(replica, *from, *to, count, text);
}

}  // namespace

std::string log_file_name(ReplicaKey replica, std::uint64_t sequence) {
  return std::to_string(replica.first) + "-" + std::to_string(replica.second) + "." +
         std::to_string(sequence) + ".log";
}

Result<std::map<ReplicaKey, std::vector<std::uint64_t>>> list_log_files(const std::string& folder) {
  std::map<ReplicaKey, std::vector<std::uint64_t>> files;
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(::opendir(folder.c_str()), &::closedir);
  if (!opened) {
    if (errno == ENOENT) return files;
    return fail(Error{.kind = ErrorKind::unavailable,
                      .message = "the logs cannot be read",
                      .quoted = std::strerror(errno),
                      .resource = folder});
  }
  while (const auto* entry = ::readdir(opened.get()))
    if (auto name = parse_name(entry->d_name)) files[name->first].push_back(name->second);
  for (auto& [replica, sequences] : files) std::ranges::sort(sequences);
  return files;
}

std::optional<LogRecord> parse_record(std::string_view line) {
  const auto time = take_number(line, ' ');
  if (!time || line.size() < 2 || line[1] != ' ') return std::nullopt;
  return LogRecord{*time, line[0], line.substr(2)};
}

void append_record(std::string& out, std::int64_t time, char kind, std::string_view text) {
  out += std::to_string(time);
  out += ' ';
  out += kind;
  out += ' ';
  out += text;
  out += '\n';
}

std::optional<LogHeader> parse_header(const LogRecord& record) {
  if (record.kind != 'h') return std::nullopt;
  auto text = record.text;
  const auto first = take_number(text, ' ');
  const auto before = first ? take_number(text, '\0') : std::nullopt;
  if (!before) return std::nullopt;
  return LogHeader{*first, record.time, *before};
}

void append_header(std::string& out, const LogHeader& header) {
  append_record(out, header.time, 'h', std::to_string(header.first) + " " + std::to_string(header.before));
}

void append_gap(std::string& out, std::int64_t time, std::int64_t from, std::int64_t to,
                std::optional<std::int64_t> count, std::string_view reason) {
  append_record(out, time, 'g',
                std::to_string(from) + " " + std::to_string(to) + " " +
                    (count ? std::to_string(*count) : "-") + " " + std::string(reason));
}

provider::LogGap make_gap(ReplicaKey replica, std::int64_t from, std::int64_t to,
                          std::optional<std::int64_t> count, std::string_view reason) {
  return {.source = std::to_string(replica.first) + "/" + std::to_string(replica.second),
          .from = time_of(from),
          .to = time_of(to),
          .count = count,
          .reason = std::string(reason)};
}

std::optional<provider::LogEntry> to_entry(ReplicaKey replica, std::string_view line, std::int64_t& time) {
  const auto record = parse_record(line);
  if (!record) return make_gap(replica, time, time, 1, "unreadable record");
  if (record->kind == 'h') return std::nullopt;
  time = std::max(time, record->time);
  const auto name = std::to_string(replica.second);
  switch (record->kind) {
    case 'o':
    case 'e':
      return provider::LogLine{time_of(record->time), replica.first, name, record->kind == 'e',
                               std::string(record->text)};
    case 'n':
      return provider::LogNote{time_of(record->time), replica.first, name, std::string(record->text)};
    case 'g':
      if (auto gap = parse_gap(replica, record->text)) return *gap;
      [[fallthrough]];
    default:
      return make_gap(replica, time, time, 1, "unreadable record");
  }
}

}  // namespace mdl::local
