#include "cli/views/logs.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <time.h>

#include "golden.hpp"
#include "samples.hpp"

using namespace mdl;

TEST_CASE("golden: logs show lines, notes, gaps and a change of day") {
  ::setenv("TZ", "Europe/Berlin", 1);
  ::tzset();
  const std::vector<provider::LogEntry> entries = {
      provider::LogLine{.time = samples::ago(std::chrono::hours(24)),
                        .release = 7,
                        .replica = "1",
                        .text = "from yesterday"},
      provider::LogLine{
          .time = samples::now(), .release = 8, .replica = "1", .text = "scored application 4711: 0.23"},
      provider::LogLine{.time = samples::now(),
                        .release = 8,
                        .replica = "2",
                        .error = true,
                        .text = "to stderr \x1b[31mred"},
      provider::LogNote{.time = samples::now(),
                        .release = 8,
                        .replica = "2",
                        .text = "replica 8/2 restarted: exit 137, out of memory (limit 512 MB)"},
      provider::LogGap{.source = "stream [8]ab12",
                       .from = samples::now(),
                       .to = samples::now() + std::chrono::seconds(3),
                       .reason = "throttled"},
      provider::LogGap{.source = "replica 8/1",
                       .from = samples::now(),
                       .to = samples::now(),
                       .count = 12,
                       .reason = "rotated away"}};
  cli::LogText view({}, "2026-11-24");
  std::string text;
  Value lines = Value::array();
  for (const auto& entry : entries) {
    text += view.line(entry);
    lines.push(cli::log_value(entry));
  }
  check_view("logs", text, lines);
}
