#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/util/log.hpp"
#include "providers/local/supervisor/handover.hpp"
#include "providers/local/supervisor/keeper.hpp"
#include "providers/local/supervisor/loop.hpp"
#include "providers/local/supervisor/process.hpp"

namespace mdl::local::supervisor {

// A restart in place, asked for by a call or by SIGHUP: first the program is tried, then the moment waited
// for at which nothing is half done, then `ready` is called, which ends the event loop for `succeed`. See
// docs/decisions/0011.
class Restart {
 public:
  using Done = std::function<void(Result<void>)>;
  // `own_program` is what is started unless a call names another.
  Restart(Loop& loop, Keeper& keeper, Log log, std::string own_program, std::function<void()> ready);

  // `done` is called when it failed; when it succeeds the next program answers.
  void request(const std::string& program, Done done);
  // No other call's answer is on its way; asked every few milliseconds, for at most 5 s.
  void when(std::function<bool()> quiet) { quiet_ = std::move(quiet); }
  bool due() const { return due_; }
  const std::string& program() const { return program_; }
  void failed(const Error& error);

 private:
  void tried(int status);
  void wait(int tries);

  Loop& loop_;
  Keeper& keeper_;
  Log log_;
  std::string own_program_, program_, answer_;
  std::function<void()> ready_;
  std::function<bool()> quiet_;
  std::vector<Done> waiting_;
  std::unique_ptr<Process> trial_;
  Timer timer_;
  bool under_way_ = false, due_ = false;
};

// The program that this process runs, also when another has taken its place in the file system.
std::string running_program();

// Forks, and executes the program in this process with what is handed over, to which it adds the fork's
// number as `fork.pid`. Returns in the fork, once the program runs; in this process only with an error, when
// that failed: the fork is gone then.
Result<void> fork_and_succeed(const std::string& program, Handover handover);

// What the fork is afterwards: it ends with its parent, and is no supervisor to `ps`.
void become_remainder(pid_t parent);

}  // namespace mdl::local::supervisor
