#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "providers/local/client.hpp"
#include "providers/local/local.hpp"

extern char** environ;

namespace mdl::local {

namespace {

constexpr Milliseconds longest_start{10'000};

bool answers(const Options& options) {
  const auto response = options.transport.send({.method = "GET",
                                                .url = "http://mdl/v1/ping",
                                                .unix_socket = options.home.socket(),
                                                .connect_timeout = Milliseconds(1'000),
                                                .timeout = Milliseconds(2'000),
                                                .idempotent = true});
  return response && response->status == 200;
}

// Everything that the child needs, made before the fork: after it only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<std::string> texts;
  std::vector<char*> arguments, variables;
  std::string log;
};

// The supervisor outlives the command that starts it, so it gets none of that command's other variables: they
// may hold a pipeline's credentials.
bool is_kept(std::string_view entry) {
  constexpr std::array names{
      "PATH",         "HOME", "LANG",    "LC_ALL",          "LC_CTYPE",      "TZ",
      "TMPDIR",       "USER", "LOGNAME", "XDG_RUNTIME_DIR", "SSL_CERT_FILE", "DOCKER_HOST",
      "DOCKER_CONFIG"};
  const auto name = entry.substr(0, entry.find('='));
  return std::ranges::find(names, name) != names.end();
}

Prepared prepare(const Options& options) {
  Prepared ready;
  ready.log = options.home.supervisor_log();
  ready.texts = {options.program, "supervise"};
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (is_kept(*entry)) ready.texts.emplace_back(*entry);
  ready.texts.push_back("MDL_HOME=" + options.home.root);
  for (auto& text : ready.texts)
    (ready.arguments.size() < 2 ? ready.arguments : ready.variables).push_back(text.data());
  ready.arguments.push_back(nullptr);
  ready.variables.push_back(nullptr);
  return ready;
}

[[noreturn]] void become_supervisor(const Prepared& ready) {
  ::setsid();
  if (const pid_t second = ::fork(); second != 0) ::_exit(second < 0 ? 1 : 0);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDWR);
  const int log = ::open(ready.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(log < 0 ? nothing : log, STDOUT_FILENO);
  ::dup2(log < 0 ? nothing : log, STDERR_FILENO);
  // A descriptor of the caller's that stays open (a pipe that a script reads to its end) would keep that
  // caller waiting.
  if (::close_range(3, ~0U, 0) != 0)
    for (int descriptor = 3; descriptor < 1024; ++descriptor) ::close(descriptor);
  if (::chdir("/") != 0) ::_exit(1);
  ::execve(ready.arguments[0], ready.arguments.data(), ready.variables.data());
  ::_exit(127);
}

Result<void> spawn(const Options& options) {
  const auto ready = prepare(options);
  const auto folder = ready.log.substr(0, ready.log.rfind('/'));
  MDL_CHECK(make_folders(folder));
  if (::access(folder.c_str(), W_OK) != 0)
    return fail(Error{.kind = ErrorKind::failed,
                      .message = "the supervisor cannot be started: its folder cannot be written",
                      .quoted = std::strerror(errno),
                      .resource = folder,
                      .next = {"mdl doctor"}});
  if (::access(options.program.c_str(), X_OK) != 0)
    return fail(Error{.kind = ErrorKind::failed,
                      .message = "the supervisor cannot be started: this program is not where it was",
                      .quoted = std::strerror(errno),
                      .resource = options.program});
  const pid_t child = ::fork();
  if (child < 0)
    return fail(Error{.kind = ErrorKind::failed,
                      .message = "the supervisor cannot be started",
                      .quoted = std::strerror(errno),
                      .resource = "supervisor"});
  if (child == 0) become_supervisor(ready);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {};
}

std::vector<std::string> last_lines(const std::string& path) {
  std::vector<std::string> lines;
  if (const auto text = read_file(path))
    for (const auto line : split(*text, '\n'))
      if (!line.empty()) lines.push_back(printable(line));
  if (lines.size() > 10) lines.erase(lines.begin(), lines.end() - 10);
  return lines;
}

// What a supervisor wrote behind `from` when it could not start, and the remedy that it knows.
std::optional<Error> refusal(const std::string& log, std::size_t from) {
  constexpr std::string_view mark = "mdl supervise: ";
  const auto text = read_file(log);
  if (!text || text->size() <= from) return std::nullopt;
  std::optional<Error> error;
  for (const auto line : split(std::string_view(*text).substr(from), '\n')) {
    if (line.starts_with(mark)) {
      error = Error{.kind = ErrorKind::failed,
                    .message = "the supervisor cannot start: " + printable(line.substr(mark.size())),
                    .code = "no-supervisor",
                    .resource = "supervisor"};
    } else if (error && line.starts_with("  ")) {
      error->next.push_back(printable(line.substr(2)));
    }
  }
  return error;
}

std::size_t size_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
}

}  // namespace

Result<void> ensure_supervisor(const Options& options) {
  if (answers(options)) return {};
  const auto log = options.home.supervisor_log();
  const auto written = size_of(log);
  MDL_CHECK(spawn(options));
  const auto deadline = options.clock.elapsed() + longest_start;
  for (Milliseconds pause(2); options.clock.elapsed() < deadline;) {
    if (answers(options)) return {};
    if (auto error = refusal(log, written)) return fail(std::move(*error));
    options.sleeper.sleep(pause);
    pause = std::min(pause * 2, Milliseconds(100));
  }
  return fail(Error{.kind = ErrorKind::unavailable,
                    .message = "the supervisor was started but does not answer on its socket",
                    .code = "no-supervisor",
                    .resource = options.home.socket(),
                    .lines = last_lines(log),
                    .next = {"mdl doctor"}});
}

Result<std::string> restart_supervisor(const Options& options) {
  auto renewed = SupervisorClient(options).restart();
  if (!renewed && renewed.error().code == "refused")
    return fail(Error{.kind = ErrorKind::unavailable,
                      .message = "no supervisor runs; the next command that needs one starts it",
                      .code = "no-supervisor",
                      .resource = "supervisor",
                      .next = {"mdl status"}});
  MDL_TRY(const auto identity, std::move(renewed));
  return identity["version"].as_string();
}

}  // namespace mdl::local
