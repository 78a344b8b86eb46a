#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/provider/logs.hpp"
#include "core/util/value.hpp"

// What FilterLogEvents gives, as lines. Pure.
namespace mdl::aws {

struct LogEvent {
  Time time;
  std::string id, stream, message;
};
LogEvent log_event_from(const Value& value);

// "2026/11/24/hello[12]0a1b…" or "2026/11/24/[12]0a1b…" → "12"; "" when the stream does not say.
std::string version_in(const std::string& stream);

// Where a reader stands: everything up to `until` was given, and those of `seen` after `overlap` before it.
// Lines come late and out of order, so a stretch before `until` is read again and what was given is left out.
struct LogCursor {
  std::int64_t until_ms = 0;
  std::set<std::string> seen;  // short names of events within the overlap
};
inline constexpr std::int64_t log_overlap_ms = 10'000;
std::string to_text(const LogCursor& cursor);
std::optional<LogCursor> log_cursor_from(const std::string& text);
std::string short_name(const LogEvent& event);

// A function's own lines, and Lambda's of starts and ends as notes where they say something; nullopt for
// START, END and a REPORT of nothing special.
std::optional<provider::LogEntry> entry_of(const LogEvent& event, int release, const std::string& replica);

}  // namespace mdl::aws
