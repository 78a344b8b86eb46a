#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/release/record.hpp"
#include "core/util/clock.hpp"
#include "core/util/error.hpp"

namespace mdl::engine {

// The local crash log of runs: a record before each mutating call and after it. It only makes the next run's
// report better: convergence never needs it.
struct JournalEntry {
  enum class Phase { before, after, failed } phase = Phase::before;
  std::string call;  // plan::identity of the change
  Time time{};
  std::string detail;  // the error's code when failed
};

struct JournalRun {
  std::string id;
  release::ServiceRef ref;
  std::string command;   // "deploy"
  std::string manifest;  // absolute path
  Time started{};
  int release = 0;
  bool finished = false;
  std::vector<JournalEntry> entries;
};

// May be called from several threads: the services of a project deploy side by side.
class Journal {
 public:
  virtual ~Journal() = default;
  // A failure to write is an error of the run: a call that cannot be recorded is not made.
  virtual Result<void> begin(const JournalRun& run) = 0;
  virtual Result<void> write(const std::string& run, const JournalEntry& entry) = 0;
  virtual Result<void> finish(const std::string& run) = 0;
  // The newest unfinished run for this service and target, if any.
  virtual Result<std::optional<JournalRun>> unfinished(const release::ServiceRef& ref) = 0;
};

// In a SQLite database at `path` (0600, made when first written to), opened lazily. What was written outlives
// the process; no call waits for the disk.
std::unique_ptr<Journal> open_journal(std::string path);
// In memory, for tests.
std::unique_ptr<Journal> memory_journal();

}  // namespace mdl::engine
