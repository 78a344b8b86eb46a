#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/util/clock.hpp"
#include "core/util/error.hpp"

namespace mdl {

enum class LogLevel { debug, info, warning, error };

// Where a program says what it does. A value that is passed as an argument: copies share their sink and their
// secrets, and threads may share a Log. Writing never fails the caller: what cannot be written (a full disk)
// is dropped. A line is "2026-11-24T11:03:11.204Z warning text"; control characters in the text are escaped.
class Log {
 public:
  Log();  // drops everything

  // Appends to `path`, which is made with mode 0600. Past `max_bytes` it is renamed (supervisor.1.log) and
  // begun anew; `keep` renamed ones stay. Errors: failed, when the file cannot be opened. `clock` outlives
  // every copy.
  static Result<Log> to_file(const std::string& path, LogLevel least, Clock& clock,
                             std::uint64_t max_bytes = 10u << 20, int keep = 3);
  static Log to_stderr(LogLevel least, Clock& clock);

  // From now on `secret` is written as [redacted], in all copies.
  void redact(std::string secret) const;

  // Whether a text of this level is written; false spares the caller from composing it.
  bool takes(LogLevel level) const;
  void write(LogLevel level, std::string_view text) const;
  void debug(std::string_view text) const { write(LogLevel::debug, text); }
  void info(std::string_view text) const { write(LogLevel::info, text); }
  void warning(std::string_view text) const { write(LogLevel::warning, text); }
  void error(std::string_view text) const { write(LogLevel::error, text); }

 private:
  struct State;
  explicit Log(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace mdl
