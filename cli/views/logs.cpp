#include "cli/views/logs.hpp"

#include <fmt/format.h>

#include "cli/views/document.hpp"
#include "cli/views/times.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

constexpr std::string_view dashes = "-----------";

Time time_of(const provider::LogEntry& entry) {
  if (const auto* gap = std::get_if<provider::LogGap>(&entry)) return gap->from;
  if (const auto* note = std::get_if<provider::LogNote>(&entry)) return note->time;
  return std::get<provider::LogLine>(entry).time;
}

std::string gap_text(const provider::LogGap& gap) {
  return fmt::format("{} gap: {} from {} to {}, {}: {}", dashes, printable(gap.source), local_clock(gap.from),
                     local_clock(gap.to),
                     gap.count ? fmt::format("{} line{}", *gap.count, plural(*gap.count)) : "count unknown",
                     printable(gap.reason));
}

}  // namespace

std::string LogText::line(const provider::LogEntry& entry) {
  std::string out;
  const Time time = time_of(entry);
  if (const auto day = local_date(time); day != day_) {
    day_ = day;
    out += paint(style_, Colour::dim, fmt::format("{} {}", dashes, day)) + "\n";
  }
  if (const auto* gap = std::get_if<provider::LogGap>(&entry))
    return out + paint(style_, Colour::yellow, gap_text(*gap)) + "\n";
  if (const auto* note = std::get_if<provider::LogNote>(&entry))
    return out +
           paint(style_, Colour::yellow,
                 fmt::format("{} {}, {}", dashes, printable(note->text), local_clock(time))) +
           "\n";
  const auto& line = std::get<provider::LogLine>(entry);
  return out +
         paint(style_, Colour::dim,
               fmt::format("{}  {}/{}", local_clock_millis(time), line.release, printable(line.replica))) +
         "  " + printable(line.text) + "\n";
}

Value log_value(const provider::LogEntry& entry) {
  if (const auto* gap = std::get_if<provider::LogGap>(&entry))
    return Value::object({{"gap", Value::object({{"source", gap->source},
                                                 {"from", time_value(gap->from)},
                                                 {"to", time_value(gap->to)},
                                                 {"count", gap->count ? Value(*gap->count) : Value()},
                                                 {"reason", gap->reason}})}});
  if (const auto* note = std::get_if<provider::LogNote>(&entry))
    return Value::object({{"time", time_value(note->time)},
                          {"release", note->release},
                          {"replica", note->replica},
                          {"note", note->text}});
  const auto& line = std::get<provider::LogLine>(entry);
  return Value::object({{"time", time_value(line.time)},
                        {"release", line.release},
                        {"replica", line.replica},
                        {"stream", line.error ? "stderr" : "stdout"},
                        {"text", line.text}});
}

}  // namespace mdl::cli
