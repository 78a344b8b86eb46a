#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "providers/local/local.hpp"
#include "providers/local/supervisor/connection.hpp"

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
  ~Lock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

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

Result<void> serve(const Home& home, const Log& log) {
  MDL_TRY(const auto lock, take_lock(home));
  MDL_TRY(auto keeper, Keeper::start());
  MDL_TRY(auto state, State::open(home));
  const auto replica_descriptors = raise_descriptor_limit();
  boost::asio::io_context io(1);
  std::unique_ptr<SocketServer> server;
  Supervisor services(
      io, home, state, keeper, system_clock(), log, [&] { io.stop(); }, replica_descriptors);
  Api api(services);
  MDL_CHECK(services.start());
  MDL_TRY(server, SocketServer::listen(io, home.socket(), api, log));
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](auto error, int) {
    if (!error) services.stop();
  });
  services.on_stop([&] { server->close(); });
  io.run();
  server.reset();
  return {};
}

}  // namespace

int run_supervisor(const Home& home) {
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
