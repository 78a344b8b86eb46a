#include <algorithm>

#include "core/engine/journal.hpp"

namespace mdl::engine {

namespace {

class MemoryJournal final : public Journal {
 public:
  Result<void> begin(const JournalRun& run) override {
    runs_.push_back(run);
    return {};
  }
  Result<void> write(const std::string& run, const JournalEntry& entry) override {
    for (auto& known : runs_)
      if (known.id == run) known.entries.push_back(entry);
    return {};
  }
  Result<void> finish(const std::string& run) override {
    for (auto& known : runs_)
      if (known.id == run) known.finished = true;
    return {};
  }
  Result<std::optional<JournalRun>> unfinished(const release::ServiceRef& ref) override {
    for (auto it = runs_.rbegin(); it != runs_.rend(); ++it)
      if (it->ref == ref) return it->finished ? std::nullopt : std::optional(*it);
    return std::nullopt;
  }

 private:
  std::vector<JournalRun> runs_;
};

}  // namespace

std::unique_ptr<Journal> memory_journal() { return std::make_unique<MemoryJournal>(); }

}  // namespace mdl::engine
