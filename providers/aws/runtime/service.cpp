#include "providers/aws/runtime/service.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "providers/aws/runtime/net.hpp"

extern char** environ;

namespace mdl::aws::runtime {

namespace {

constexpr std::size_t most_kept = 8u << 10;
constexpr int most_lines = 20;

void write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(to, bytes.data(), bytes.size());
    if (written > 0)
      bytes.remove_prefix(static_cast<std::size_t>(written));
    else if (errno == EAGAIN)
      ::poll(nullptr, 0, 1);
    else if (errno != EINTR)
      return;  // nobody reads: nothing can be told
  }
}

// A path of the artifact, seen from anywhere.
std::string placed(const std::string& path) {
  if (path.starts_with('/')) return path;
  const char* task = ::getenv("LAMBDA_TASK_ROOT");
  const std::string root = task == nullptr ? "." : task;
  return path.empty() ? root : root + "/" + path;
}

// "NAME=" with the folders, then what the variable had.
std::string with_folders(const std::string& name, const std::vector<std::string>& folders) {
  std::string text = name + "=";
  for (const auto& folder : folders) text += placed(folder) + ":";
  if (const char* before = ::getenv(name.c_str()))
    text += before;
  else if (text.ends_with(':'))
    text.pop_back();
  return text;
}

// The environment that the service gets: its port is added, what belongs to this program is taken away.
std::vector<std::string> environment_of(const Settings& settings) {
  std::vector<std::string> all;
  const auto ours = [&](std::string_view text) {
    // The trace is each request's own, and stands in its header.
    return text.starts_with("PORT=") || text.starts_with("_X_AMZN_TRACE_ID=") ||
           text.starts_with("MDL_RUNTIME_SETTINGS=") || text.starts_with("AWS_LAMBDA_EXEC_WRAPPER=") ||
           (!settings.path.empty() && text.starts_with("PATH=")) ||
           (!settings.python_path.empty() && text.starts_with("PYTHONPATH="));
  };
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!ours(*entry)) all.emplace_back(*entry);
  all.push_back("PORT=" + std::to_string(settings.port));
  // What Python keeps in a buffer would be frozen with the environment.
  if (::getenv("PYTHONUNBUFFERED") == nullptr) all.emplace_back("PYTHONUNBUFFERED=1");
  if (!settings.path.empty()) all.push_back(with_folders("PATH", settings.path));
  if (!settings.python_path.empty()) all.push_back(with_folders("PYTHONPATH", settings.python_path));
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// In the child. What goes wrong is said through `failure`, which closes when the program has begun.
[[noreturn]] void become(const Settings& settings, int out, int err, int failure) {
  auto arguments = settings.command;
  auto environment = environment_of(settings);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  const auto variables = pointers(environment);
  if (::chdir(placed(settings.folder).c_str()) == 0) {
    environ = const_cast<char**>(variables.data());  // its PATH is the one that is searched
    ::execvp(arguments[0].c_str(), pointers(arguments).data());
  }
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(failure, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

void Tail::add(std::string_view bytes) {
  text_ += bytes.substr(bytes.size() - std::min(bytes.size(), most_kept));
  if (text_.size() > most_kept) text_.erase(0, text_.size() - most_kept);
}

std::string Tail::lines() const {
  std::size_t begin = text_.size() - (text_.ends_with('\n') ? 1 : 0);
  for (int lines = 0; begin > 0; --begin)
    if (text_[begin - 1] == '\n' && ++lines == most_lines) break;
  auto text = text_.substr(begin);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<std::unique_ptr<Service>> Service::start(const Settings& settings) {
  std::array<int, 2> out{}, err{}, failure{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0 ||
      ::pipe2(failure.data(), O_CLOEXEC) != 0)
    return fail(ErrorKind::failed, std::string("no pipes for the service: ") + std::strerror(errno));
  const int pid = ::fork();
  if (pid < 0)
    return fail(ErrorKind::failed, std::string("no process for the service: ") + std::strerror(errno));
  if (pid == 0) become(settings, out[1], err[1], failure[1]);
  for (const int end : {out[1], err[1], failure[1]}) ::close(end);
  int error = 0;
  const bool failed = ::read(failure[0], &error, sizeof error) == sizeof error;
  ::close(failure[0]);
  std::unique_ptr<Service> service(new Service);
  service->pid_ = pid;
  service->exited_ = ::eventfd(0, EFD_CLOEXEC);
  service->closing_ = ::eventfd(0, EFD_CLOEXEC);
  service->out_ = out[0];
  service->err_ = err[0];
  for (const int pipe : {out[0], err[0]}) ::fcntl(pipe, F_SETFL, O_NONBLOCK);
  service->waiting_ = std::jthread([raw = service.get()] { raw->wait_for_end(); });
  service->pumping_ = std::jthread([raw = service.get()] { raw->pump(); });
  if (failed)
    return fail(ErrorKind::failed,
                "'" + settings.command[0] + "' cannot be started: " + std::strerror(error));
  return service;
}

Service::~Service() {
  if (!has_exited_) ::kill(pid_, SIGKILL);
  waiting_.join();
  ::eventfd_write(closing_, 1);
  pumping_.join();
  for (const int descriptor : {exited_, closing_, out_, err_}) ::close(descriptor);
}

void Service::wait_for_end() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  status_ = status;
  has_exited_ = true;
  ::eventfd_write(exited_, 1);
}

// False at the end of the pipe.
bool Service::pump_one(int from, int to) {
  std::array<char, 16384> block;
  for (;;) {
    const auto got = ::read(from, block.data(), block.size());
    if (got == 0) return false;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return true;
    const std::string_view bytes(block.data(), static_cast<std::size_t>(got));
    tail_.add(bytes);
    write_all(to, bytes);
  }
}

void Service::pump() {
  std::array<pollfd, 3> polled{{{.fd = out_, .events = POLLIN, .revents = 0},
                                {.fd = err_, .events = POLLIN, .revents = 0},
                                {.fd = closing_, .events = POLLIN, .revents = 0}}};
  while (polled[2].revents == 0) {
    ::poll(polled.data(), polled.size(), -1);
    const std::scoped_lock lock(mutex_);
    if (polled[0].revents != 0 && !pump_one(out_, STDOUT_FILENO)) polled[0].fd = -1;
    if (polled[1].revents != 0 && !pump_one(err_, STDERR_FILENO)) polled[1].fd = -1;
  }
}

void Service::flush_output() {
  const std::scoped_lock lock(mutex_);
  pump_one(out_, STDOUT_FILENO);
  pump_one(err_, STDERR_FILENO);
}

std::string Service::obituary() {
  flush_output();
  const int status = status_;
  std::string text = WIFSIGNALED(status)
                         ? "the service was killed by signal " + std::to_string(WTERMSIG(status))
                         : "the service exited with status " + std::to_string(WEXITSTATUS(status));
  const std::scoped_lock lock(mutex_);
  if (const auto lines = tail_.lines(); !lines.empty()) (text += "; its last lines:\n") += lines;
  return text;
}

void Service::stop(int grace_ms) {
  ::kill(pid_, SIGTERM);
  pollfd poll{.fd = exited_, .events = POLLIN, .revents = 0};
  const auto deadline = now() + grace_ms;
  while (!has_exited_ && now() < deadline) ::poll(&poll, 1, static_cast<int>(deadline - now()));
  if (!has_exited_) ::kill(pid_, SIGKILL);
}

}  // namespace mdl::aws::runtime
