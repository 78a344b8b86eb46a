#include "core/util/clock.hpp"

#include <cstdint>
#include <cstdio>
#include <time.h>

namespace mdl {

namespace {

class SystemClock final : public Clock {
 public:
  Time now() const override {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  }
  std::chrono::nanoseconds elapsed() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
};

class SystemSleeper final : public Sleeper {
 public:
  void sleep(Milliseconds duration) override {
    timespec wanted{.tv_sec = duration.count() / 1000, .tv_nsec = (duration.count() % 1000) * 1'000'000};
    ::nanosleep(&wanted, nullptr);  // returns early on a signal, which is what the contract wants
  }
};

// Reads two or four digits, then the separator, from the front of `text`; -1 when they are not there.
int take(std::string_view& text, std::size_t digits, char separator) {
  int value = 0;
  if (text.size() < digits) return -1;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  if (separator == 0) return value;
  if (text.empty() || (text.front() | 32) != (separator | 32)) return -1;
  text.remove_prefix(1);
  return value;
}

// ".204" → nanoseconds; nothing there is 0; a point without digits is -1.
std::int64_t take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  std::int64_t value = 0, unit = 100'000'000;
  const auto before = text.size();
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) {
    value += (text.front() - '0') * unit;
    unit /= 10;
  }
  return text.size() == before ? -1 : value;
}

// "Z" or "+02:00", to the end of the text.
std::optional<std::chrono::minutes> offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes{0};
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const int hours = take(text, 2, ':'), minutes = take(text, 2, 0);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
  return std::chrono::minutes{sign * (hours * 60 + minutes)};
}

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

Sleeper& system_sleeper() {
  static SystemSleeper sleeper;
  return sleeper;
}

std::string to_rfc3339(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto millis = std::chrono::duration_cast<Milliseconds>(time - seconds).count();
  const std::time_t value = seconds.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&value, &parts);
  char text[96];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(millis));
  return text;
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  const int year = take(text, 4, '-'), month = take(text, 2, '-'), day = take(text, 2, 'T');
  const int hour = take(text, 2, ':'), minute = take(text, 2, ':'), second = take(text, 2, 0);
  const auto nanoseconds = take_fraction(text);
  const auto away = offset(text);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  const bool fits = year >= 1970 && year <= 2261 && date.ok();
  // A leap second is read as the second after it.
  if (!fits || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return std::nullopt;
  if (nanoseconds < 0 || !away) return std::nullopt;
  return Time{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second} + std::chrono::nanoseconds{nanoseconds} - *away;
}

}  // namespace mdl
