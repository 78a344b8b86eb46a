#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "providers/local/logfile_format.hpp"

namespace mdl::local {

// Where reading one replica's files stands: behind the last record that was taken.
struct LogPosition {
  std::uint64_t sequence = 0;
  std::int64_t offset = 0;
  std::int64_t time = 0;  // of that record
};
// Errors: invalid when the text is no cursor. Empty and "-" hold no positions.
Result<std::map<ReplicaKey, LogPosition>> parse_log_cursor(const std::string& text);

// Reads the records of one replica over its files, in both directions. Sees what was complete when it was
// made.
class LogSource {
 public:
  LogSource(std::string folder, ReplicaKey replica, const std::vector<std::uint64_t>& sequences);

  struct Taken {
    std::int64_t time = 0;
    std::optional<provider::LogEntry> entry;
  };
  void seek(const LogPosition& position);
  void seek_time(std::int64_t since);  // to the first record that is not before
  void skip_to_end();
  const Taken* peek();  // nullptr at the end
  Taken take();
  // Calls with each record from the last one on, until the function returns false.
  void read_backward(const std::function<bool(std::int64_t time, provider::LogEntry entry)>& on_entry);
  std::string position() const;  // "8-1:3:1234:1700000000000000000"

 private:
  struct File {
    std::uint64_t sequence = 0;
    std::shared_ptr<const int> descriptor;  // closes it
    std::int64_t size = 0;                  // up to the last line end
    std::optional<LogHeader> header;
    std::int64_t first_time = 0;
  };

  void open_file(std::uint64_t sequence);
  std::optional<provider::LogGap> gap_before(const File& file) const;
  std::string_view line();  // at position_, from the buffer
  std::int64_t time_near(const File& file, std::int64_t offset) const;
  void read_file_backward(const File& file, const std::function<bool(std::string_view line)>& on_line) const;

  std::string folder_;
  ReplicaKey replica_;
  std::vector<File> files_;  // ascending
  std::size_t current_ = 0;
  LogPosition position_;
  std::string buffer_;  // of the current file, from buffer_offset_
  std::int64_t buffer_offset_ = 0;
  std::optional<provider::LogGap> gap_;  // to be given before the next record
  std::optional<Taken> next_;
  LogPosition next_position_;
};

}  // namespace mdl::local
