#include "providers/local/checks.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/process.hpp"
#include "core/util/text.hpp"
#include "providers/local/needs.hpp"
#include "providers/local/python.hpp"
#include "providers/local/secrets.hpp"

namespace mdl::local {

namespace {

using manifest::Problem;
using manifest::Service;
using manifest::Severity;
using Check = provider::Inspect::Check;

std::int64_t memory_of_machine() {
  const auto text = read_file("/proc/meminfo");
  if (!text) return 0;
  for (const auto line : split(*text, '\n')) {
    if (!line.starts_with("MemTotal:")) continue;
    auto number = line.substr(9);
    number.remove_prefix(std::min(number.find_first_not_of(' '), number.size()));
    return parse_integer(number.substr(0, number.find(' '))).value_or(0) * 1024;
  }
  return 0;
}

int cores_of_machine() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

std::string with_remedy(const std::string& message, const std::string& remedy) {
  return message + "; to get it:  " + remedy;
}

class Examination {
 public:
  Examination(const Home& home, const Service& service) : home_(home), service_(service) {}

  std::vector<Problem> all() {
    python();
    container();
    entry();
    command();
    secrets();
    room();
    port();
    return std::move(problems_);
  }

 private:
  void add(Severity severity, const std::string& field, std::string message) {
    problems_.push_back({.severity = severity,
                         .field = field,
                         .message = field + ": " + std::move(message),
                         .where = service_.source_of(field)});
  }

  void python() {
    if (!uses_python(service_)) return;
    const auto found = find_interpreter(home_, service_.build.python, service_.folder);
    if (!found)
      return add(
          Severity::certain, "build.python",
          with_remedy(found.error().message, found.error().next.empty() ? "" : found.error().next.front()));
    if (!found->venv && find_uv().empty())
      add(Severity::certain, "build.python",
          with_remedy("Python " + found->version + " has no venv module, and there is no uv",
                      venv_remedy(found->version)));
    const auto& requirements = service_.build.requirements;
    if (!requirements.empty() && !exists(service_.folder + "/" + requirements))
      add(Severity::certain, "build.requirements", "there is no file " + requirements);
  }

  void container() {
    if (!runs_in_container(service_)) return;
    if (!service_.http.entry.empty() || !service_.http.handler.empty())
      add(Severity::certain, service_.http.entry.empty() ? "http.handler" : "http.entry",
          "an image starts its own server; give http.command, or leave it to the Dockerfile");
    if (const auto engine = container_engine(); !engine)
      add(Severity::certain, "build.dockerfile",
          with_remedy(engine.error().message, engine.error().next.front()));
  }

  void entry() {
    if (!served_by_front(service_)) return;
    const auto file = module_file(service_);
    if (file.empty() || exists(service_.folder + "/" + file) || !service_.build.command.empty()) return;
    add(Severity::certain, service_.http.entry.empty() ? "http.handler" : "http.entry",
        "there is no file " + file + " that it could be imported from");
  }

  void command() {
    const auto& arguments = service_.http.command;
    if (arguments.empty() || runs_in_container(service_)) return;
    const auto& program = arguments.front();
    if (program.find('/') == std::string::npos) {
      // With an environment it may be one of the programs that are installed there.
      if (!uses_python(service_) && find_program(program).empty())
        add(Severity::certain, "http.command", "there is no program " + program + " on PATH");
    } else if (!program.starts_with('/') && service_.build.command.empty() &&
               !exists(service_.folder + "/" + program)) {
      add(Severity::certain, "http.command", "there is no file " + program);
    }
  }

  void secrets() {
    for (const auto& [name, secret] : service_.secrets) {
      if (secret.scheme != "env" && secret.scheme != "file") continue;  // refused as a field
      if (const auto value = secret_value(service_, name); !value)
        problems_.push_back({.severity = Severity::certain,
                             .field = "secrets." + name + ".from",
                             .message = value.error().message,
                             .where = value.error().where});
    }
  }

  void room() {
    const auto memory = memory_of_machine();
    const auto wanted = service_.resources.memory_bytes * service_.scale.max;
    if (memory > 0 && wanted > memory)
      add(Severity::likely, "resources.memory",
          std::to_string(service_.scale.max) + " replicas of " +
              readable_bytes(static_cast<std::uint64_t>(service_.resources.memory_bytes)) +
              " are more than the " + readable_bytes(static_cast<std::uint64_t>(memory)) +
              " of this machine");
    const int cores = cores_of_machine();
    if (cores > 0 && service_.resources.cpu > cores)
      add(Severity::likely, "resources.cpu",
          "this machine has " + std::to_string(cores) + (cores == 1 ? " core" : " cores") +
              ": a replica gets no more");
  }

  // Whether another program has it is seen when the gateway listens: it may be this very service.
  void port() {
    const auto wanted = static_cast<int>(service_.target.settings["port"].as_integer());
    if (wanted == 0 || wanted >= 1024 || ::geteuid() == 0) return;
    const auto first = read_file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    const auto text = first ? first->substr(0, first->find('\n')) : std::string("1024");
    if (wanted < parse_integer(text).value_or(1024))
      add(Severity::certain, "targets." + service_.target.name + ".port",
          "only root may listen on port " + std::to_string(wanted) +
              "; take one from 1024 on, or 0 for a free one");
  }

  const Home& home_;
  const Service& service_;
  std::vector<Problem> problems_;
};

Check python_check(const Home& home, const Service& service) {
  const auto found = find_interpreter(home, service.build.python, service.folder);
  if (!found)
    return {false, found.error().message, found.error().next.empty() ? "" : found.error().next.front()};
  const auto python = "python " + found->version;
  if (!find_uv().empty()) return {true, python + " with uv", {}};
  if (found->venv) return {true, python + " with venv", {}};
  return {false, python + " has no venv module, and there is no uv", venv_remedy(found->version)};
}

Check container_check() {
  const auto engine = container_engine();
  if (engine) return {true, *engine + " answers", {}};
  return {false, engine.error().message, engine.error().next.front()};
}

Check port_check(const Service& service, const Value& state) {
  const auto own = static_cast<int>(state["gateway"]["status"]["port"].as_integer());
  auto wanted = static_cast<int>(service.target.settings["port"].as_integer());
  if (wanted == 0) wanted = own;
  if (wanted == 0) return {true, "any free port from 8400 on", {}};
  const auto port = "port " + std::to_string(wanted);
  if (wanted == own) return {true, port + " is this service's", {}};
  const auto trouble = port_trouble(wanted, own);
  if (trouble.empty()) return {true, port + " is free", {}};
  return {false, port + ": " + trouble,
          "set targets." + service.target.name + ".port to another one, or to 0"};
}

Check supervisor_check(const SupervisorClient& client) {
  const auto answer = client.peek("/v1/ping");
  if (answer && *answer && (**answer)["version"].as_string() != MDL_VERSION)
    return {false,
            "supervisor is of version " + (**answer)["version"].as_string() + ", this is " + MDL_VERSION,
            "kill " + std::to_string((**answer)["pid"].as_integer()) +
                ", which restarts all services with the next command"};
  if (answer && *answer)
    return {true, "supervisor answers (process " + std::to_string((**answer)["pid"].as_integer()) + ")", {}};
  const auto& home = client.options().home;
  if (!answer && answer.error().code == "refused")
    return {true, "supervisor is not running; it starts with the next command that needs it", {}};
  const auto text = answer ? std::string("it has no answer") : answer.error().message;
  return {false, "supervisor does not answer on " + home.socket() + ": " + text,
          "see " + home.supervisor_log()};
}

Check disk_check(const Home& home) {
  constexpr std::uint64_t needed = 1ULL << 30;
  auto folder = home.root;
  while (!exists(folder) && folder.rfind('/') != 0 && folder.rfind('/') != std::string::npos)
    folder.resize(folder.rfind('/'));
  struct ::statvfs info {};
  if (::statvfs(folder.c_str(), &info) != 0)
    return {false, folder + ": " + std::strerror(errno), "make it readable and writable for this user"};
  if (::access(folder.c_str(), W_OK) != 0)
    return {false, folder + " cannot be written", "make it writable for this user, or set MDL_HOME"};
  const auto free = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  const auto text = readable_bytes(free) + " free below " + folder;
  if (free < needed) return {false, text, "mdl gc"};
  return {true, text, {}};
}

}  // namespace

std::string module_file(const Service& service) {
  std::string module = service.http.entry.substr(0, service.http.entry.find(':'));
  if (!service.http.handler.empty()) module = service.http.handler.substr(0, service.http.handler.rfind('.'));
  if (module.empty()) return {};
  std::ranges::replace(module, '.', '/');
  if (exists(service.folder + "/" + module + "/__init__.py")) return module + "/__init__.py";
  return module + ".py";
}

std::string port_trouble(int port, int own) {
  if (port == own) return {};
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::strerror(errno);
  const int yes = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int bound = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::close(descriptor);
  if (bound == 0) return {};
  if (error == EADDRINUSE) return "another program has it";
  return error == EACCES ? "only root may listen on it" : std::strerror(error);
}

std::vector<Problem> examine_service(const Home& home, const Service& service) {
  return Examination(home, service).all();
}

std::vector<Check> doctor_checks(const SupervisorClient& client, const Service& service) {
  const auto& home = client.options().home;
  std::vector<Check> checks;
  if (uses_python(service)) checks.push_back(python_check(home, service));
  if (runs_in_container(service)) checks.push_back(container_check());
  const auto state = client.peek(service_path({service.name, service.target.name}));
  checks.push_back(port_check(service, state && *state ? **state : Value()));
  checks.push_back(supervisor_check(client));
  checks.push_back(disk_check(home));
  // What is wrong with the service's own files is for `mdl validate`: this is about the machine.
  for (const auto& problem : examine_service(home, service))
    if (problem.field.starts_with("secrets.") || problem.field.starts_with("resources."))
      checks.push_back({problem.severity != Severity::certain, problem.message, {}});
  return checks;
}

}  // namespace mdl::local
