#include "providers/local/supervisor/restart.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

extern char** environ;

namespace mdl::local::supervisor {

namespace {

constexpr Milliseconds trial_time{10'000}, quiet_pause{5};
constexpr int most_pauses = 1000;

Error not_restarted(const std::string& why, int error = 0) {
  return {.kind = ErrorKind::failed,
          .message = "the supervisor goes on as it was: " + why,
          .code = "not-restarted",
          .quoted = error == 0 ? "" : std::strerror(error),
          .resource = "supervisor"};
}

struct Prepared {
  std::vector<std::string> texts;
  std::vector<char*> arguments, variables;
};

Prepared prepare(const std::string& program, int memory) {
  Prepared ready;
  ready.texts = {program, "supervise"};
  for (char** entry = environ; *entry != nullptr; ++entry) ready.texts.emplace_back(*entry);
  ready.texts.push_back(std::string(handover_variable) + "=" + std::to_string(memory));
  for (auto& text : ready.texts)
    (ready.arguments.size() < 2 ? ready.arguments : ready.variables).push_back(text.data());
  ready.arguments.push_back(nullptr);
  ready.variables.push_back(nullptr);
  return ready;
}

void stay_open(const std::vector<int>& descriptors, bool open) {
  for (const int descriptor : descriptors) ::fcntl(descriptor, F_SETFD, open ? 0 : FD_CLOEXEC);
}

// In the fork: whether the program runs in the parent, told by a pipe that its start closes.
bool runs(int pipe) {
  char byte = 0;
  ssize_t n = 0;
  while ((n = ::read(pipe, &byte, 1)) < 0 && errno == EINTR) {
  }
  ::close(pipe);
  return n == 0;
}

}  // namespace

Restart::Restart(Loop& loop, Keeper& keeper, Log log, std::string own_program, std::function<void()> ready)
    : loop_(loop),
      keeper_(keeper),
      log_(std::move(log)),
      own_program_(std::move(own_program)),
      ready_(std::move(ready)) {}

// A program that cannot be loaded, is another one, or cannot read what it would get must be found out while
// there is a way back.
void Restart::request(const std::string& program, Done done) {
  if (done) waiting_.push_back(std::move(done));
  if (std::exchange(under_way_, true)) return;
  program_ = program.empty() ? own_program_ : program;
  answer_.clear();
  Launch launch{.arguments = {program_, "supervise"}, .environment = {}, .folder = "/"};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const auto equals = variable.find('=');
    if (equals != variable.npos)
      launch.environment.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  launch.environment[handover_variable] = "check";
  auto trial = Process::start(loop_, keeper_, launch,
                              {.on_output =
                                   [this](bool error, std::string_view bytes) {
                                     if (!error && answer_.size() < 1024) answer_ += bytes;
                                   },
                               .on_exit = [this](int status) { tried(status); }});
  if (!trial) return failed(not_restarted(trial.error().message + ": " + trial.error().quoted));
  trial_ = std::move(*trial);
  timer_ = loop_.after(trial_time, [this] { trial_->signal_group(SIGKILL); });
}

void Restart::tried(int status) {
  timer_.reset();
  trial_.reset();
  if (status != 0 || answer_ != handover_answer())
    return failed(
        not_restarted(program_ + " cannot take over from it (exit " + std::to_string(status) + ")"));
  wait(0);
}

void Restart::wait(int tries) {
  if (quiet_ && !quiet_() && tries < most_pauses) {
    timer_ = loop_.after(quiet_pause, [this, tries] { wait(tries + 1); });
    return;
  }
  due_ = true;
  ready_();
}

void Restart::failed(const Error& error) {
  log_.error(error.message + (error.quoted.empty() ? "" : ": " + error.quoted));
  under_way_ = due_ = false;
  for (const auto& done : std::exchange(waiting_, {})) done(fail(error));
}

std::string running_program() {
  std::string path(4096, '\0');
  const auto n = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  constexpr std::string_view gone = " (deleted)";
  if (path.ends_with(gone)) path.resize(path.size() - gone.size());
  return path;
}

namespace {

// Returns why it failed, if it does.
Error succeed(const std::string& program, Handover& handover) {
  const auto memory = write_handover(handover.state);
  if (!memory) return memory.error();
  handover.keep(*memory);
  const auto ready = prepare(program, *memory);
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  stay_open(handover.descriptors, true);
  ::execve(ready.arguments[0], ready.arguments.data(), ready.variables.data());
  const int error = errno;
  stay_open(handover.descriptors, false);
  ::close(*memory);
  return not_restarted(program + " cannot be started", error);
}

}  // namespace

Result<void> fork_and_succeed(const std::string& program, Handover handover) {
  int told[2];
  if (::pipe2(told, O_CLOEXEC) != 0) return fail(not_restarted("no pipe can be made", errno));
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(told[1]);
    if (!runs(told[0])) ::_exit(0);
    return {};
  }
  auto error = not_restarted("no process can be made", errno);
  if (child > 0) {
    auto fork = handover.state["fork"];
    fork.set("pid", std::int64_t{child});
    handover.state.set("fork", std::move(fork));
    error = succeed(program, handover);
    while (::write(told[1], "x", 1) < 0 && errno == EINTR) {
    }
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  for (const int end : told) ::close(end);
  return fail(std::move(error));
}

void become_remainder(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  ::prctl(PR_SET_NAME, "mdl-draining");
  // The kernel shows a process's arguments from its memory: fields 48 and 49 of its stat say where.
  const auto stat = read_file("/proc/self/stat");
  if (!stat) return;
  const auto fields = split(std::string_view(*stat).substr(stat->rfind(')') + 2), ' ');
  if (fields.size() < 47) return;
  const auto begin = parse_integer(fields[45]), end = parse_integer(fields[46]);
  if (!begin || !end || *begin <= 0 || *end <= *begin) return;
  const std::string_view arguments(reinterpret_cast<const char*>(*begin),
                                   static_cast<std::size_t>(*end - *begin));
  const std::string_view ours("supervise"), then("draining\0", 9);
  if (const auto at = arguments.rfind(ours); at != arguments.npos)
    std::memcpy(reinterpret_cast<char*>(*begin) + at, then.data(), then.size());
}

}  // namespace mdl::local::supervisor
