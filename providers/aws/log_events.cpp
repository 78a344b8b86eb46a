#include "providers/aws/log_events.hpp"

#include <algorithm>

#include "core/util/digest.hpp"
#include "core/util/text.hpp"

namespace mdl::aws {

LogEvent log_event_from(const Value& value) {
  LogEvent event{.time = Time{Milliseconds{value["timestamp"].as_integer()}},
                 .id = value["eventId"].as_string(),
                 .stream = value["logStreamName"].as_string(),
                 .message = value["message"].as_string()};
  while (event.message.ends_with('\n') || event.message.ends_with('\r')) event.message.pop_back();
  return event;
}

std::string version_in(const std::string& stream) {
  const auto open = stream.rfind('['), close = stream.rfind(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return stream.substr(open + 1, close - open - 1);
}

std::string short_name(const LogEvent& event) {
  const auto what = event.id.empty() ? event.stream + "\n" + event.message : event.id;
  return sha256(what).substr(0, 12);
}

std::string to_text(const LogCursor& cursor) {
  std::string text = std::to_string(cursor.until_ms);
  for (const auto& name : cursor.seen) text += " " + name;
  return text;
}

std::optional<LogCursor> log_cursor_from(const std::string& text) {
  const auto words = split(text, ' ');
  const auto until = parse_integer(words.front());
  if (!until) return std::nullopt;
  LogCursor cursor{.until_ms = *until};
  for (std::size_t i = 1; i < words.size(); ++i) cursor.seen.emplace(words[i]);
  return cursor;
}

std::optional<provider::LogEntry> entry_of(const LogEvent& event, int release, const std::string& replica) {
  const std::string_view text = event.message;
  if (text.starts_with("START RequestId: ") || text.starts_with("END RequestId: ")) return std::nullopt;
  const auto note = [&](std::string what) {
    return provider::LogNote{
        .time = event.time, .release = release, .replica = replica, .text = std::move(what)};
  };
  if (text.starts_with("INIT_START ") || text.starts_with("INIT_REPORT ")) return note("instance started");
  if (text.starts_with("REPORT RequestId: ")) {
    // Durations and memory are what `mdl metrics` tells; an end that is none is told here.
    const auto status = text.find("Status: ");
    if (status == std::string_view::npos) return std::nullopt;
    return note("request ended: " +
                std::string(text.substr(status + 8, text.find_first_of("\t\n", status + 8) - status - 8)));
  }
  const bool error = text.starts_with("[ERROR]") ||
                     text.find("Task timed out after") != std::string_view::npos ||
                     text.starts_with("Traceback ");
  return provider::LogLine{
      .time = event.time, .release = release, .replica = replica, .error = error, .text = event.message};
}

}  // namespace mdl::aws
