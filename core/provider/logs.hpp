#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/release/record.hpp"
#include "core/util/clock.hpp"
#include "core/util/error.hpp"

namespace mdl::provider {

struct LogLine {
  Time time;
  int release = 0;
  std::string replica;   // "1"; with the release: "8/1"
  bool error = false;    // written to stderr
  std::string text;      // without the line end; bytes that are no UTF-8 are left as they are
};
// Lines that were written but cannot be read: accounted for, not hidden.
struct LogGap {
  std::string source;
  Time from, to;
  std::optional<std::int64_t> count;  // nullopt: unknown
  std::string reason;
};
// What happened to a replica: "replica 8/2 restarted: exit 137".
struct LogNote {
  Time time;
  int release = 0;
  std::string replica;
  std::string text;
};
using LogEntry = std::variant<LogLine, LogGap, LogNote>;

struct LogQuery {
  std::optional<Time> since;
  std::optional<int> release;
  std::optional<int> tail;      // the last n lines only; nullopt: all
  std::string grep;             // ECMAScript regular expression on the text; empty: all
};

struct LogPage {
  std::vector<LogEntry> entries;  // by time; equal times keep the order of one replica
  std::string cursor;             // give it to the next read to go on without loss or repetition
  bool truncated = false;         // earlier lines matched but were left out by tail or by a page's bound
  std::string empty_reason;       // "scaled to zero", "no release yet": when there are no entries
};

class Logs {
 public:
  virtual ~Logs() = default;
  // The kind of the resource that holds the lines, which a destroy may leave; "": they end with the service.
  virtual std::string_view kept_in() const { return {}; }
  // An empty cursor starts at the query's beginning. Bounded: at most 10,000 entries a page.
  virtual Result<LogPage> read(const release::ServiceRef& ref, const LogQuery& query, const std::string& cursor) = 0;
};

}  // namespace mdl::provider
