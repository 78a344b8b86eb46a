#include "core/util/clock.hpp"

#include <time.h>

#include <cstdio>

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
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(millis));
  return text;
}

}  // namespace mdl
