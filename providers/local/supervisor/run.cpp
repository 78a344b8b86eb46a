#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "providers/local/local.hpp"
#include "providers/local/supervisor/connection.hpp"
#include "providers/local/supervisor/restart.hpp"

namespace mdl::local {

namespace {

using namespace supervisor;

constexpr Milliseconds lock_wait{30'000}, lock_pause{50};

// Held as long as the descriptor is open, so never longer than the process lives.
class Lock {
 public:
  explicit Lock(int descriptor) : descriptor_(descriptor) {}
  Lock(Lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Lock& operator=(Lock&&) = delete;
  ~Lock() { abandon(); }
  void abandon() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// Waits for a supervisor that is stopping: its socket is gone already. One that works has a socket, and is an
// error.
Result<Lock> take_lock(const Home& home) {
  const auto path = home.root + "/run/supervisor.lock";
  MDL_CHECK(make_folders(home.root + "/run", 0700));
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(Error{.kind = ErrorKind::failed,
                      .message = "the lock " + path + " cannot be made",
                      .quoted = std::strerror(errno),
                      .resource = path});
  Lock lock(descriptor);
  const auto deadline = system_clock().elapsed() + lock_wait;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (exists(home.socket()) || system_clock().elapsed() >= deadline)
      return fail(Error{.kind = ErrorKind::refused,
                        .message = "a supervisor for " + home.root + " runs already",
                        .code = "running",
                        .resource = path});
    system_sleeper().sleep(lock_pause);
  }
  return lock;
}

// The gateway needs a descriptor or two for each connection. Returns the limit that replicas get: programs
// that use select() break behind a high one.
std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const auto before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? before : 0;
}

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

// A supervisor, with what it has of the process.
struct Running {
  Running(Home at, Log to, Lock held, Keeper kept, State stored, std::uint64_t limit)
      : home(std::move(at)),
        log(std::move(to)),
        lock(std::move(held)),
        keeper(std::move(kept)),
        state(std::move(stored)),
        descriptors(limit) {}

  Result<void> serve(const Value& before);
  Result<void> succeed();
  [[noreturn]] void drain(int channel);
  void on_signal();
  void end_loop();

  Home home;
  Log log;
  Lock lock;
  Keeper keeper;
  State state;
  std::uint64_t descriptors;
  boost::asio::io_context io{1};
  Loop loop{io};
  Restart restart{loop, keeper, log, running_program(), [this] { end_loop(); }};
  std::unique_ptr<SocketServer> server;
  Supervisor services{io, home, state, keeper, system_clock(), log, [this] { io.stop(); }, descriptors};
  Api api{services, &restart};
  boost::asio::signal_set signals{io, SIGTERM, SIGINT, SIGHUP};
};

void Running::on_signal() {
  signals.async_wait([this](auto error, int signal) {
    if (error) return;
    if (signal != SIGHUP) return services.stop();
    restart.request("", {});
    on_signal();
  });
}

void Running::end_loop() {
  if (!services.stopping()) return io.stop();
  restart.failed({.kind = ErrorKind::refused, .message = "the supervisor is stopping", .code = "stopping"});
}

Result<void> Running::serve(const Value& before) {
  MDL_CHECK(services.start(before));
  if (before.is_null()) {
    MDL_TRY(server, SocketServer::listen(io, home.socket(), api, log));
  } else {
    server = SocketServer::take_over(io, home.socket(), api, log, before["api"], dump(api.identity()));
  }
  on_signal();
  const auto set = handled_signals();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  services.on_stop([&] { server->close(); });
  restart.when([&] { return server->quiet(); });
  for (;;) {
    io.run();
    if (!restart.due()) break;
    const auto failed = succeed();
    restart.failed(failed.error());
    io.restart();
  }
  server.reset();
  return {};
}

// Returns only with an error, and all as it was.
Result<void> Running::succeed() {
  MDL_TRY(const auto channel, Channel::pair());
  Handover handover;
  services.hand_over(handover);
  auto& value = handover.state;
  value.set("format", handover_format);
  value.set("lock", handover.keep(lock.descriptor()));
  value.set("keeper", keeper.hand_over(handover));
  value.set("descriptors", static_cast<std::int64_t>(descriptors));
  value.set("api", server->hand_over(handover));
  value.set("fork",
            Value::object({{"channel", handover.keep(channel.first)}, {"load", to_value(services.load())}}));
  const auto set = handled_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  io.notify_fork(boost::asio::execution_context::fork_prepare);
  const pid_t own = ::getpid();
  auto forked = fork_and_succeed(restart.program(), std::move(handover));
  if (::getpid() != own) {
    ::close(channel.first);
    become_remainder(own);
    drain(channel.second);
  }
  io.notify_fork(boost::asio::execution_context::fork_parent);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::close(channel.first);
  ::close(channel.second);
  return forked;
}

// In the fork. It keeps nothing that would hold the supervisor's end up, and leaves without destructors,
// which would stop what is no longer its own.
void Running::drain(int channel) {
  io.notify_fork(boost::asio::execution_context::fork_child);
  boost::system::error_code ignored;
  signals.cancel(ignored);
  lock.abandon();
  keeper.abandon();
  server->abandon();
  auto& gateway = services.abandon();
  io.restart();
  const DrainingGateway draining(loop, gateway, channel, [] { ::_exit(0); });
  io.run();
  ::_exit(0);
}

Result<void> serve(const Home& home, const Log& log) {
  MDL_TRY(const auto before, read_handover());
  auto lock =
      before ? Result<Lock>(Lock(static_cast<int>((*before)["lock"].as_integer(-1)))) : take_lock(home);
  if (!lock) return fail(std::move(lock).error());
  auto keeper = before ? Result<Keeper>(Keeper::take_over((*before)["keeper"])) : Keeper::start();
  if (!keeper) return fail(std::move(keeper).error());
  MDL_TRY(auto state, State::open(home));
  const auto raised = raise_descriptor_limit();
  const auto descriptors =
      before ? static_cast<std::uint64_t>((*before)["descriptors"].as_integer()) : raised;
  Running running(home, log, std::move(*lock), std::move(*keeper), std::move(state), descriptors);
  return running.serve(before.value_or(Value()));
}

}  // namespace

int run_supervisor(const Home& home) {
  if (const char* asked = std::getenv(handover_variable);
      asked != nullptr && std::string_view(asked) == "check") {
    std::fputs(handover_answer().c_str(), stdout);
    return 0;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  // The command that started it looks for these words in the log; that another one runs is no failure to it.
  const auto complain = [](const Error& error) {
    std::fprintf(stderr, "%s%s%s%s\n",
                 error.code == "running" ? "" : "mdl supervise: ", error.message.c_str(),
                 error.quoted.empty() ? "" : ": ", error.quoted.c_str());
    for (const auto& next : error.next) std::fprintf(stderr, "  %s\n", next.c_str());
    return 1;
  };
  if (auto made = make_folders(home.root, 0700); !made) return complain(made.error());
  auto log = Log::to_file(home.supervisor_log(), LogLevel::info, system_clock());
  if (!log) return complain(log.error());
  const auto served = serve(home, *log);
  if (served) return 0;
  log->error(served.error().message + (served.error().quoted.empty() ? "" : ": " + served.error().quoted));
  return complain(served.error());
}

}  // namespace mdl::local
