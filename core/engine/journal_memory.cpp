#include <mutex>

#include "core/engine/journal.hpp"

namespace mdl::engine {

namespace {

class MemoryJournal final : public Journal {
 public:
  Result<void> begin(const JournalRun& run) override {
    std::lock_guard lock(mutex_);
    runs_.push_back(run);
    return {};
  }
  Result<void> write(const std::string& run, const JournalEntry& entry) override {
    std::lock_guard lock(mutex_);
    for (auto& known : runs_)
      if (known.id == run) known.entries.push_back(entry);
    return {};
  }
  Result<void> finish(const std::string& run) override {
    std::lock_guard lock(mutex_);
    for (auto& known : runs_)
      if (known.id == run) known.finished = true;
    return {};
  }
  Result<std::optional<JournalRun>> unfinished(const release::ServiceRef& ref) override {
    std::lock_guard lock(mutex_);
    for (auto it = runs_.rbegin(); it != runs_.rend(); ++it)
      if (it->ref == ref) return it->finished ? std::nullopt : std::optional(*it);
    return std::nullopt;
  }

 private:
  std::mutex mutex_;
  std::vector<JournalRun> runs_;
};

}  // namespace

std::unique_ptr<Journal> memory_journal() { return std::make_unique<MemoryJournal>(); }

}  // namespace mdl::engine
