#include "providers/local/supervisor/spawn.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "core/util/text.hpp"

namespace mdl::local::supervisor {

namespace {

// Everything is made before vfork: the child shares this memory and may only make system calls.
struct Prepared {
  std::string program;
  std::vector<std::string> variables;
  std::vector<char*> arguments, environment;
  const char* folder = nullptr;
  std::array<int, 3> streams{-1, -1, -1};
  pid_t parent = 0;
  rlimit descriptors{};  // 0: stay as they are
  volatile int error = 0;
};

std::string find_in(const std::string& path, const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  for (const auto folder : split(path, ':')) {
    auto candidate = std::string(folder.empty() ? "." : folder) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

void prepare(Prepared& ready, const Launch& launch) {
  for (const auto& [name, value] : launch.environment) ready.variables.push_back(name + "=" + value);
  for (auto& text : ready.variables) ready.environment.push_back(text.data());
  for (const auto& text : launch.arguments) ready.arguments.push_back(const_cast<char*>(text.c_str()));
  ready.environment.push_back(nullptr);
  ready.arguments.push_back(nullptr);
  ready.folder = launch.folder.c_str();
  ready.parent = ::getpid();
  if (launch.descriptors > 0 && ::getrlimit(RLIMIT_NOFILE, &ready.descriptors) == 0)
    ready.descriptors.rlim_cur = std::min<rlim_t>(launch.descriptors, ready.descriptors.rlim_max);
}

void reset_signals() {
  struct sigaction fresh {};
  fresh.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &fresh, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(Prepared& ready) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != ready.parent) ::_exit(127);  // it died before the line above
  reset_signals();
  if (ready.descriptors.rlim_cur > 0) ::setrlimit(RLIMIT_NOFILE, &ready.descriptors);
  for (int i = 0; i < 3; ++i) ::dup2(ready.streams[static_cast<std::size_t>(i)], i);
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (::chdir(ready.folder) == 0)
    ::execve(ready.program.c_str(), ready.arguments.data(), ready.environment.data());
  ready.error = errno;
  ::_exit(127);
}

// A child that fails may run handlers of this program on memory that it shares: all signals wait meanwhile.
pid_t fork_and_exec(Prepared& ready) {
  sigset_t all, before;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::vfork();
  if (pid == 0) become(ready);
  const int error = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

std::unexpected<Error> not_started(const std::string& program, int error) {
  const bool gone = error == ENOENT || error == ENOTDIR;
  return fail(Error{.kind = gone ? ErrorKind::not_found : ErrorKind::failed,
                    .message = program + " could not be started",
                    .code = error == EMFILE || error == ENFILE ? "no-descriptors" : "exec",
                    .quoted = std::strerror(error),
                    .resource = program});
}

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  bool open() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }
  ~Pipe() {
    for (const int end : ends)
      if (end >= 0) ::close(end);
  }
  int take_reader() { return std::exchange(ends[0], -1); }
};

}  // namespace

Result<Spawned> spawn(const Launch& launch) {
  Prepared ready;
  prepare(ready, launch);
  const auto path = launch.environment.find("PATH");
  ready.program = find_in(path == launch.environment.end() ? "" : path->second, launch.arguments.front());
  if (ready.program.empty()) return not_started(launch.arguments.front(), ENOENT);
  Pipe out, err, null;
  if (!out.open() || !err.open()) return not_started(launch.arguments.front(), errno);
  null.ends[0] = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null.ends[0] < 0) return not_started(launch.arguments.front(), errno);
  ready.streams = {null.ends[0], out.ends[1], err.ends[1]};
  const pid_t pid = fork_and_exec(ready);
  if (pid < 0) return not_started(launch.arguments.front(), errno);
  if (ready.error != 0) {
    ::waitpid(pid, nullptr, 0);
    return not_started(launch.arguments.front(), ready.error);
  }
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    const int error = errno;
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return not_started(launch.arguments.front(), error);
  }
  return Spawned{.pid = pid, .pidfd = pidfd, .out = out.take_reader(), .err = err.take_reader()};
}

}  // namespace mdl::local::supervisor
