#include "cli/views/times.hpp"

#include <fmt/format.h>
#include <time.h>

namespace mdl::cli {

namespace {

std::tm local(Time time) {
  const std::time_t value = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  ::localtime_r(&value, &parts);
  return parts;
}

}  // namespace

std::string local_clock(Time time) {
  const std::tm parts = local(time);
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string local_clock_millis(Time time) {
  const auto millis =
      std::chrono::duration_cast<Milliseconds>(time - std::chrono::floor<std::chrono::seconds>(time));
  return fmt::format("{}.{:03}", local_clock(time), millis.count());
}

std::string local_date(Time time) {
  const std::tm parts = local(time);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

}  // namespace mdl::cli
