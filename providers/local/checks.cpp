#include "providers/local/checks.hpp"

#include <algorithm>
#include <sched.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/process.hpp"
#include "core/util/text.hpp"
#include "providers/local/machine.hpp"
#include "providers/local/needs.hpp"
#include "providers/local/python.hpp"
#include "providers/local/secrets.hpp"

namespace mdl::local {

namespace {

using manifest::Problem;
using manifest::Service;
using manifest::Severity;

int cores_of_machine() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

bool is_older(const std::string& version, int major, int minor) {
  const auto parts = split(version, '.');
  if (parts.size() < 2) return false;
  const auto given =
      std::pair(parse_integer(parts[0]).value_or(major), parse_integer(parts[1]).value_or(minor));
  return given < std::pair<std::int64_t, std::int64_t>(major, minor);
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
    variables();
    secrets();
    room();
    port();
    return std::move(problems_);
  }

 private:
  // What comes from a field that is left out, such as the version of Python, comes from how the service is
  // started.
  void add(Severity severity, const std::string& field, std::string message) {
    auto where = service_.source_of(field);
    if (!where) where = service_.source_of("http");
    problems_.push_back({.severity = severity,
                         .field = field,
                         .message = field + ": " + std::move(message),
                         .where = std::move(where)});
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
    if (served_by_front(service_) && is_older(found->version, 3, 9))
      add(Severity::certain, "build.python",
          "the servers that mdl adds need Python 3.9 or newer, and this is " + found->version);
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

  // They would hide what the contract promises to the service.
  void variables() {
    const auto reserved = [](const std::string& name) { return name == "PORT" || name.starts_with("MDL_"); };
    for (const auto& entry : service_.env)
      if (reserved(entry.first))
        add(Severity::certain, "env." + entry.first, "mdl itself sets this variable; take another name");
    for (const auto& entry : service_.secrets)
      if (reserved(entry.first))
        add(Severity::certain, "secrets." + entry.first, "mdl itself sets this variable; take another name");
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

}  // namespace

std::string module_file(const Service& service) {
  std::string module = service.http.entry.substr(0, service.http.entry.find(':'));
  if (!service.http.handler.empty()) module = service.http.handler.substr(0, service.http.handler.rfind('.'));
  if (module.empty()) return {};
  std::ranges::replace(module, '.', '/');
  if (exists(service.folder + "/" + module + "/__init__.py")) return module + "/__init__.py";
  return module + ".py";
}

std::vector<Problem> examine_service(const Home& home, const Service& service,
                                     const std::vector<Gpu>& devices) {
  auto problems = Examination(home, service).all();
  for (auto& problem : gpu_problems(service, devices)) problems.push_back(std::move(problem));
  return problems;
}

}  // namespace mdl::local
