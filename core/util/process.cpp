#include "core/util/process.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

extern char** environ;

namespace mdl {

namespace {

constexpr std::size_t max_output = 16u << 20;
constexpr std::size_t max_line = 64u << 10;
constexpr std::size_t kept_lines = 20;

struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  explicit Descriptor(int value) : fd(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  void close() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

struct Pipe {
  Descriptor read, write;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read.fd = ends[0];
    write.fd = ends[1];
    return ::fcntl(read.fd, F_SETFL, O_NONBLOCK) == 0;
  }
};

std::unexpected<Error> spawn_error(ErrorKind kind, const std::string& program, int number) {
  const char* name = ::strerrorname_np(number);
  return fail(Error{.kind = kind,
                    .message = program + " cannot be started",
                    .code = name ? name : "",
                    .quoted = std::strerror(number),
                    .resource = program});
}

std::string find_in(const std::string& path, const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return {};
  for (const auto folder : split(path, ':')) {
    auto candidate = (folder.empty() ? "." : std::string(folder)) + "/" + name;
    struct stat status {};
    if (::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return {};
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& set) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    if (!set.contains(std::string(text.substr(0, text.find('='))))) all.emplace_back(text);
  }
  for (const auto& [name, value] : set) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const auto& text : strings) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// Cuts one stream into lines; a line over max_line comes in parts.
class Lines {
 public:
  explicit Lines(std::function<void(std::string_view)> sink) : sink_(std::move(sink)) {}
  void append(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\n' || partial_.size() >= max_line) flush();
      if (c != '\n') partial_ += c;
      at_start_ = c == '\n';
    }
  }
  void finish() {
    if (!at_start_) flush();
    at_start_ = true;
  }

 private:
  void flush() {
    if (partial_.ends_with('\r')) partial_.pop_back();
    sink_(partial_);
    partial_.clear();
  }
  std::function<void(std::string_view)> sink_;
  std::string partial_;
  bool at_start_ = true;
};

// One program under way.
class Child {
 public:
  explicit Child(const Command& command) : command_(command) {}
  ~Child() {
    if (pid_ > 0) {  // only left by an exception out of on_line
      kill_group();
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Result<void> start(const std::string& program);
  // False: the timeout passed, and the group was killed.
  bool wait();
  Finished finished();

 private:
  Result<void> open_streams(const std::string& program);
  int spawn(const std::string& program);
  void kill_group() const { ::kill(-pid_, SIGKILL); }
  bool read_some(Descriptor& from, Lines& lines, bool keep);
  int milliseconds_left() const;
  void take_line(std::string_view line) {
    last_.emplace_back(line);
    if (last_.size() > kept_lines) last_.pop_front();
    if (command_.on_line) command_.on_line(line);
  }

  const Command& command_;
  Descriptor input_, exited_;
  Pipe out_, err_;
  pid_t pid_ = -1;
  std::chrono::nanoseconds started_ = system_clock().elapsed();
  int status_ = 0;
  std::string output_;
  std::deque<std::string> last_;
  Lines out_lines_{[this](std::string_view line) { take_line(line); }};
  Lines err_lines_{[this](std::string_view line) { take_line(line); }};
};

// Input goes into memory that the program reads as a file: nothing to pump, and no SIGPIPE when it does not
// read.
Result<void> Child::open_streams(const std::string& program) {
  if (command_.input.empty()) {
    input_.fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  } else {
    input_.fd = ::memfd_create("input", MFD_CLOEXEC);
    std::string_view rest = command_.input;
    while (input_.fd >= 0 && !rest.empty()) {
      const auto written = ::write(input_.fd, rest.data(), rest.size());
      if (written < 0 && errno != EINTR) return spawn_error(ErrorKind::failed, program, errno);
      rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    if (input_.fd >= 0) ::lseek(input_.fd, 0, SEEK_SET);
  }
  if (input_.fd < 0 || !out_.open() || !err_.open()) return spawn_error(ErrorKind::failed, program, errno);
  return {};
}

int Child::spawn(const std::string& program) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input_.fd, 0);
  posix_spawn_file_actions_adddup2(&actions, out_.write.fd, 1);
  posix_spawn_file_actions_adddup2(&actions, err_.write.fd, 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (!command_.folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, command_.folder.c_str());

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGCHLD}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  const auto variables = merged_environment(command_.set);
  const int number = ::posix_spawn(&pid_, program.c_str(), &actions, &attributes,
                                   pointers(command_.arguments).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return number;
}

Result<void> Child::start(const std::string& program) {
  MDL_CHECK(open_streams(program));
  const int number = spawn(program);
  input_.close();
  out_.write.close();
  err_.write.close();
  if (number != 0) {
    pid_ = -1;
    return spawn_error(number == ENOENT ? ErrorKind::not_found : ErrorKind::failed, program, number);
  }
  exited_.fd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (exited_.fd < 0) {
    const int reason = errno;
    kill_group();
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    return spawn_error(ErrorKind::failed, program, reason);
  }
  return {};
}

// False when there is nothing (more) to read now.
bool Child::read_some(Descriptor& from, Lines& lines, bool keep) {
  if (from.fd < 0) return false;
  char block[16'384];
  const auto got = ::read(from.fd, block, sizeof block);
  if (got < 0) return errno == EINTR;
  if (got == 0) {
    from.close();
    return false;
  }
  const std::string_view bytes(block, static_cast<std::size_t>(got));
  if (keep) output_.append(bytes.substr(0, std::min(bytes.size(), max_output - output_.size())));
  lines.append(bytes);
  return true;
}

int Child::milliseconds_left() const {
  if (command_.timeout.count() <= 0) return -1;
  const auto passed = std::chrono::floor<Milliseconds>(system_clock().elapsed() - started_);
  return static_cast<int>(std::clamp<std::int64_t>((command_.timeout - passed).count(), 0, 60'000));
}

bool Child::wait() {
  bool in_time = true;
  for (bool running = true; running;) {
    const int left = in_time ? milliseconds_left() : -1;
    if (left == 0) {
      in_time = false;
      kill_group();
      continue;
    }
    pollfd polled[] = {{out_.read.fd, POLLIN, 0}, {err_.read.fd, POLLIN, 0}, {exited_.fd, POLLIN, 0}};
    if (::poll(polled, 3, left) < 0) continue;
    if (polled[0].revents) read_some(out_.read, out_lines_, true);
    if (polled[1].revents) read_some(err_.read, err_lines_, false);
    running = polled[2].revents == 0;
  }
  // What the program wrote is in the pipes by now. Its own children may keep them open and write on, so
  // neither their end nor more than a pipe's content is waited for.
  for (int blocks = 0; blocks < 64 && read_some(out_.read, out_lines_, true);) ++blocks;
  for (int blocks = 0; blocks < 64 && read_some(err_.read, err_lines_, false);) ++blocks;
  out_lines_.finish();
  err_lines_.finish();
  while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return in_time;
}

Finished Child::finished() {
  return {.status = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_),
          .output = std::move(output_),
          .last_lines = {last_.begin(), last_.end()}};
}

}  // namespace

Result<Finished> run(const Command& command) {
  if (command.arguments.empty()) return fail(ErrorKind::invalid, "no program was named");
  const auto& name = command.arguments.front();
  std::string program = name;
  if (name.find('/') == std::string::npos) {
    const auto path = command.set.find("PATH");
    program = path == command.set.end() ? find_program(name) : find_in(path->second, name);
    if (program.empty())
      return fail(Error{
          .kind = ErrorKind::not_found, .message = "no program '" + name + "' in PATH", .resource = name});
  }
  if (!command.folder.empty() && !exists(command.folder))
    return fail(ErrorKind::failed, "the working directory " + command.folder + " does not exist");
  Child child(command);
  MDL_CHECK(child.start(program));
  const bool in_time = child.wait();
  auto finished = child.finished();
  if (!in_time)
    return fail(Error{.kind = ErrorKind::timeout,
                      .message = name + " took longer than " + readable_duration(command.timeout),
                      .resource = name,
                      .lines = std::move(finished.last_lines)});
  return finished;
}

std::string find_program(const std::string& name) {
  auto found = find_in(environment("PATH", "/usr/local/bin:/usr/bin:/bin"), name);
  if (found.empty() || found.starts_with('/')) return found;
  char* absolute = ::realpath(found.c_str(), nullptr);
  if (!absolute) return {};
  found = absolute;
  ::free(absolute);
  return found;
}

}  // namespace mdl
