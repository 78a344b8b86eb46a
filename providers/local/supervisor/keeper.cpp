#include "providers/local/supervisor/keeper.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace mdl::local::supervisor {

namespace {

constexpr int most_groups = 4096;
static pid_t groups[most_groups];  // of the keeper's own process, where no memory may be asked for

void change(pid_t value) {
  const pid_t wanted = value > 0 ? 0 : -value, written = value > 0 ? value : 0;
  for (auto& group : groups)
    if (group == wanted) {
      group = written;
      return;
    }
}

[[noreturn]] void keep(int pipe) {
  ::setsid();
  ::prctl(PR_SET_NAME, "mdl-keeper");
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
  ::close_range(3, static_cast<unsigned>(pipe) - 1, 0);
  ::close_range(static_cast<unsigned>(pipe) + 1, ~0U, 0);
  pid_t value = 0;
  for (;;) {
    const auto n = ::read(pipe, &value, sizeof value);
    if (n == sizeof value) {
      change(value);
    } else if (n >= 0 || errno != EINTR) {
      break;
    }
  }
  for (const auto group : groups)
    if (group > 0) ::kill(-group, SIGKILL);
  ::_exit(0);
}

}  // namespace

Result<Keeper> Keeper::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(
        Error{.kind = ErrorKind::failed, .message = "no pipe can be made", .quoted = std::strerror(errno)});
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[1]);
    keep(ends[0]);
  }
  const int error = errno;
  ::close(ends[0]);
  if (pid < 0) {
    ::close(ends[1]);
    return fail(Error{
        .kind = ErrorKind::failed, .message = "no process can be made", .quoted = std::strerror(error)});
  }
  return Keeper(ends[1], pid);
}

Keeper::Keeper(Keeper&& other) noexcept : pipe_(std::exchange(other.pipe_, -1)), pid_(other.pid_) {}

Keeper::~Keeper() {
  if (pipe_ < 0) return;
  ::close(pipe_);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Keeper Keeper::take_over(const Value& value) {
  return {static_cast<int>(value["pipe"].as_integer(-1)), static_cast<pid_t>(value["pid"].as_integer())};
}

Value Keeper::hand_over(Handover& handover) const {
  return Value::object({{"pipe", handover.keep(pipe_)}, {"pid", std::int64_t{pid_}}});
}

void Keeper::abandon() { ::close(std::exchange(pipe_, -1)); }

void Keeper::add(pid_t group) { send(group); }
void Keeper::remove(pid_t group) { send(-group); }

void Keeper::send(pid_t value) {
  while (::write(pipe_, &value, sizeof value) < 0 && errno == EINTR) {
  }
}

}  // namespace mdl::local::supervisor
