#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <type_traits>

#include "core/engine/engine.hpp"

namespace mdl::engine {

// The mutating calls of one run at one service: each is journalled before and after, and none is made once an
// interrupt was asked for. The journal's run begins with the first call, so a run that changes nothing writes
// nothing. Threads may share it.
class Calls {
 public:
  Calls(Environment& env, release::ServiceRef ref, std::string command, std::string manifest = {});

  // Makes the call `identity`. Errors: interrupted when it was not made, the journal's, or what `f` returns.
  template <class F>
  std::invoke_result_t<F> make(const std::string& identity, F f) {
    if (auto ready = before(identity); !ready) return std::unexpected(std::move(ready).error());
    auto result = f();
    if (auto noted = after(identity, result ? nullptr : &result.error()); !noted && result)
      return std::unexpected(std::move(noted).error());
    return result;
  }

  // The release that the run makes, for the journal.
  void release(int number) { release_ = number; }
  // From now on only these calls may be made: those of a saved plan. Any other is refused, unmade.
  void allow(std::vector<std::string> identities);
  // What was made may be undone: any call may be made again.
  void allow_all();
  // This run moved the live pointer from `revision`: a read that still shows it is late, and nobody else won.
  void moved_from(const std::string& revision);
  bool was_ours(const std::string& revision) const;
  // Ends the journal's run: nothing is left to resume.
  void finish();
  int made() const { return made_; }

 private:
  Result<void> before(const std::string& identity);
  Result<void> after(const std::string& identity, const Error* error);

  Environment& env_;
  JournalRun run_;
  std::optional<std::vector<std::string>> allowed_;
  int release_ = 0;
  bool begun_ = false;
  int made_ = 0;
  std::set<std::string> passed_;  // revisions of the live pointer
  mutable std::mutex mutex_;
};

}  // namespace mdl::engine
