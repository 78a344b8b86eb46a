#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/provider/logs.hpp"
#include "core/util/error.hpp"

// What the log writer and the log reader agree on; see logfile.hpp for the records. A file begins with a
// record of kind h,
// "<nanoseconds of the replica's first record> <records of this replica in earlier files>": when those files
// are gone it tells how many records went with them.
namespace mdl::local {

using ReplicaKey = std::pair<int, int>;  // release, replica

std::string log_file_name(ReplicaKey replica, std::uint64_t sequence);
// The sequences of each replica's files below `folder`, ascending. A folder that is not there has none.
Result<std::map<ReplicaKey, std::vector<std::uint64_t>>> list_log_files(const std::string& folder);

struct LogRecord {
  std::int64_t time = 0;  // nanoseconds since 1970
  char kind = 0;
  std::string_view text;
};
// `line` without its line end; nullopt when it is no record.
std::optional<LogRecord> parse_record(std::string_view line);
void append_record(std::string& out, std::int64_t time, char kind, std::string_view text);

struct LogHeader {
  std::int64_t first = 0;   // time of the replica's first record
  std::int64_t time = 0;    // when the file was begun
  std::int64_t before = 0;  // records in earlier files
};
std::optional<LogHeader> parse_header(const LogRecord& record);
void append_header(std::string& out, const LogHeader& header);

void append_gap(std::string& out, std::int64_t time, std::int64_t from, std::int64_t to,
                std::optional<std::int64_t> count, std::string_view reason);
// The entry for people of a record; unreadable records become gaps. Headers give nullopt.
std::optional<provider::LogEntry> to_entry(ReplicaKey replica, std::string_view line, std::int64_t& time);
provider::LogGap make_gap(ReplicaKey replica, std::int64_t from, std::int64_t to,
                          std::optional<std::int64_t> count, std::string_view reason);

}  // namespace mdl::local
