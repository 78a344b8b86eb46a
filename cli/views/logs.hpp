#pragma once

#include <string>
#include <vector>

#include "cli/views/style.hpp"
#include "core/provider/logs.hpp"
#include "core/util/value.hpp"

namespace mdl::cli {

// Lines for people. Keeps the day of the last line, so that a new day is said once.
class LogText {
 public:
  // `today` is the local date of now: a first line of the same day needs no date.
  LogText(const Style& style, std::string today) : style_(style), day_(std::move(today)) {}
  std::string line(const provider::LogEntry& entry);

 private:
  Style style_;
  std::string day_;
};

// {"time","release","replica","stream","text"}, {"gap":{…}} or {"time","release","replica","note"}.
Value log_value(const provider::LogEntry& entry);

}  // namespace mdl::cli
