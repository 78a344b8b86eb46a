#include "providers/local/supervisor/process.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "providers/local/supervisor/spawn.hpp"
#include "providers/local/supervisor/usage.hpp"

namespace mdl::local::supervisor {

namespace {

namespace asio = boost::asio;
constexpr Milliseconds group_pause{20};
constexpr Milliseconds last_output_wait{500};  // for a pipe that a process outside the group still holds

// Kept alive by the operations under way; `events` is cleared when the owner is gone.
struct Shared : std::enable_shared_from_this<Shared> {
  Shared(Loop& used, Keeper& kept, const Spawned& spawned, ProcessEvents given)
      : loop(used),
        keeper(kept),
        pid(spawned.pid),
        exit(used.io()),
        streams{asio::posix::stream_descriptor(used.io()), asio::posix::stream_descriptor(used.io())},
        open{spawned.out >= 0, spawned.err >= 0},
        events(std::move(given)) {
    if (spawned.pidfd >= 0) exit.assign(spawned.pidfd);
    if (open[0]) streams[0].assign(spawned.out);
    if (open[1]) streams[1].assign(spawned.err);
  }

  void begin() {
    for (const bool error : {false, true})
      if (open[error ? 1 : 0]) read(error);
    reaped ? await_group() : await_exit();
  }

  void await_exit() {
    exit.async_wait(asio::posix::stream_descriptor::wait_read,
                    [self = shared_from_this()](auto) { self->reap(); });
  }

  // Reads only within the handler, so that no bytes are on their way when the process is handed over.
  void read(bool error) {
    const auto i = error ? 1u : 0u;
    streams[i].async_wait(
        asio::posix::stream_descriptor::wait_read,
        [self = shared_from_this(), error](auto failure) { self->readable(error, failure); });
  }

  void readable(bool error, const boost::system::error_code& failure) {
    const auto i = error ? 1u : 0u;
    const auto n = failure ? 0 : ::read(streams[i].native_handle(), buffer.data(), buffer.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return read(error);
    if (n <= 0) {
      open[i] = false;
      streams[i].close();
      return finish();
    }
    if (events.on_output)
      events.on_output(error, std::string_view(buffer.data(), static_cast<std::size_t>(n)));
    read(error);
  }

  void reap() {
    if (reaped) return;
    siginfo_t ended{};
    const int waited = ::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT);
    // A wait may end before the process does: an exit that nobody waits for would never be seen.
    if (waited == 0 && ended.si_pid == 0) return await_exit();
    // What it left behind in its group; before it is reaped, since its number may be another's after that.
    // One that was asked to end may have begun others, which finish their work: `sh -c` ends at once, what it
    // started does not.
    if (!ending) ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    reaped = true;
    status = ended.si_code == CLD_EXITED ? ended.si_status : 128 + ended.si_status;
    exit.close();
    await_group();
  }

  void await_group() {
    if (ending && runs()) {
      group_timer = loop.after(group_pause, [this] { await_group(); });
    } else {
      group_gone();
    }
  }

  bool runs() const {
    if (::kill(-pid, 0) != 0) return false;
    const auto usage = sample_usage({pid});
    return usage.contains(pid) && usage.at(pid).runs;
  }

  void group_gone() {
    if (std::exchange(gone, true)) return;
    keeper.remove(pid);
    deadline = loop.after(last_output_wait, [this] {
      for (auto& stream : streams) stream.close();
    });
    finish();
  }

  void signal(int number) {
    if (gone) return;
    ::kill(-pid, number);
    ending = number == SIGTERM;
    if (reaped && !ending) group_gone();
  }

  void finish() {
    if (!gone || open[0] || open[1]) return;
    deadline.reset();
    // Later and out of the events, since the handler may destroy the owner, and with it what it has captured.
    loop.post([self = shared_from_this()] {
      const auto ended = std::exchange(self->events, {});
      if (ended.on_exit) ended.on_exit(self->status);
    });
  }

  Loop& loop;
  Keeper& keeper;
  pid_t pid;
  asio::posix::stream_descriptor exit;
  std::array<asio::posix::stream_descriptor, 2> streams;
  std::array<char, 8192> buffer;
  std::array<bool, 2> open;
  ProcessEvents events;
  Timer deadline, group_timer;
  bool reaped = false;  // the process itself
  bool gone = false;    // its whole group
  bool ending = false;  // was asked to end
  int status = 0;
};

class RunningProcess final : public Process {
 public:
  explicit RunningProcess(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  ~RunningProcess() override {
    shared_->events = {};
    shared_->group_timer.reset();
    if (shared_->gone) return;  // or abandoned
    ::kill(-shared_->pid, SIGKILL);
    if (!shared_->reaped) ::waitpid(shared_->pid, nullptr, 0);
    shared_->reaped = shared_->gone = true;
    shared_->keeper.remove(shared_->pid);
    shared_->exit.close();
    for (auto& stream : shared_->streams) stream.close();
  }
  RunningProcess(const RunningProcess&) = delete;
  RunningProcess& operator=(const RunningProcess&) = delete;
  pid_t pid() const override { return shared_->pid; }
  void signal_group(int signal) override { shared_->signal(signal); }

  Value hand_over(Handover& handover) const override {
    auto& own = *shared_;
    const auto stream = [&](std::size_t i) {
      return own.open[i] ? handover.keep(own.streams[i].native_handle()) : -1;
    };
    return Value::object({{"pid", std::int64_t{own.pid}},
                          {"out", stream(0)},
                          {"err", stream(1)},
                          {"reaped", own.reaped},
                          {"ending", own.ending},
                          {"gone", own.gone},
                          {"status", own.status}});
  }

  void abandon() override {
    shared_->events = {};
    for (auto* timer : {&shared_->deadline, &shared_->group_timer}) timer->reset();
    shared_->reaped = shared_->gone = true;
    shared_->exit.close();
    for (auto& stream : shared_->streams) stream.close();
  }

 private:
  std::shared_ptr<Shared> shared_;
};

// Also of one that has ended and was not waited for yet.
Result<int> watch(pid_t pid) {
  const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (descriptor >= 0) return descriptor;
  return fail(Error{.kind = ErrorKind::failed,
                    .message = "process " + std::to_string(pid) + " cannot be watched",
                    .quoted = std::strerror(errno)});
}

}  // namespace

Result<std::unique_ptr<Process>> Process::take_over(Loop& loop, Keeper& keeper, const Value& value,
                                                    ProcessEvents events) {
  const auto number = [&](const char* name) { return static_cast<int>(value[name].as_integer(-1)); };
  Spawned spawned{.pid = number("pid"), .pidfd = -1, .out = number("out"), .err = number("err")};
  if (spawned.pid <= 0) return fail(ErrorKind::failed, "a process that was handed over has no number");
  const bool reaped = value["reaped"].as_bool();
  if (!reaped) {
    MDL_TRY(spawned.pidfd, watch(spawned.pid));
  }
  auto shared = std::make_shared<Shared>(loop, keeper, spawned, std::move(events));
  shared->reaped = reaped;
  shared->ending = value["ending"].as_bool() && !value["gone"].as_bool();
  shared->status = number("status");
  shared->begin();
  return std::make_unique<RunningProcess>(std::move(shared));
}

Result<std::unique_ptr<Process>> Process::start(Loop& loop, Keeper& keeper, const Launch& launch,
                                                ProcessEvents events) {
  MDL_TRY(const auto spawned, spawn(launch));
  keeper.add(spawned.pid);
  auto shared = std::make_shared<Shared>(loop, keeper, spawned, std::move(events));
  shared->begin();
  return std::make_unique<RunningProcess>(std::move(shared));
}

}  // namespace mdl::local::supervisor
