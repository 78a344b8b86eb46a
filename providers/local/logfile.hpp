#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/provider/logs.hpp"
#include "core/util/clock.hpp"
#include "core/util/error.hpp"
#include "core/util/value.hpp"

// The log files of one service: the supervisor writes them, the command line reads them, also while no
// supervisor runs. <folder>/<release>-<replica>.<sequence>.log; the highest sequence is written to, older
// ones are complete. A line is
//   <nanoseconds since 1970> <kind> <text>\n        kind: o stdout, e stderr, n note, g gap ("<from> <to>
//   <count|-> <reason>")
namespace mdl::local {

class LogWriter {
 public:
  virtual ~LogWriter() = default;
  // Takes the bytes as a pipe gives them; writes a record for each complete line, lines over 64 KiB in parts.
  // What is found of `secrets` (also across two calls) is replaced by [redacted].
  virtual void append(bool error, std::string_view bytes) = 0;
  virtual void note(std::string_view text) = 0;
  // Writes an incomplete last line. Called when the pipe is closed.
  virtual void flush() = 0;
  // The last `n` lines that the replica wrote since `append` was first called on this writer.
  virtual std::vector<std::string> last_lines(int n) const = 0;
  // What is not in the file, for a writer of the same replica in another program that goes on with it. Never
  // stored: incomplete lines may hold secrets.
  virtual Value hand_over() const = 0;
  virtual void take_over(const Value& value) = 0;
};

struct LogFileOptions {
  std::string folder;
  int release = 0, replica = 0;
  std::uint64_t rotate_bytes = 10u << 20;
  int keep_files = 5;  // of this replica; a removed file leaves a gap record in the oldest one kept
  std::vector<std::string> secrets;
};
// A failure to write (a full disk) is counted and leaves a gap record once writing works again; it never
// stops the service.
std::unique_ptr<LogWriter> open_log(const LogFileOptions& options, Clock& clock);

// Removes the files of all releases but the `newest` ones and those in `kept`. A cursor that knew them gets a
// gap.
void remove_old_logs(const std::string& folder, int newest, const std::set<int>& kept);

// Reads all replicas' files below `folder`, merged by time. See provider::Logs::read. The cursor holds, for
// each replica, the file and the offset behind the last record taken.
Result<provider::LogPage> read_logs(const std::string& folder, const provider::LogQuery& query,
                                    const std::string& cursor);

}  // namespace mdl::local
