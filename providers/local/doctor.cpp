#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "providers/local/checks.hpp"
#include "providers/local/needs.hpp"
#include "providers/local/python.hpp"

namespace mdl::local {

namespace {

using manifest::Service;
using manifest::Severity;
using Check = provider::Inspect::Check;

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

// Why this user cannot listen on the port; "" when he can.
std::string port_trouble(int port) {
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

Check port_check(const Service& service, const Value& state) {
  const auto own = static_cast<int>(state["gateway"]["status"]["port"].as_integer());
  auto wanted = static_cast<int>(service.target.settings["port"].as_integer());
  if (wanted == 0) wanted = own;
  if (wanted == 0) return {true, "any free port from 8400 on", {}};
  const auto port = "port " + std::to_string(wanted);
  if (wanted == own) return {true, port + " is this service's", {}};
  const auto trouble = port_trouble(wanted);
  if (trouble.empty()) return {true, port + " is free", {}};
  return {false, port + ": " + trouble,
          "set targets." + service.target.name + ".port to another one, or to 0"};
}

Check supervisor_check(const SupervisorClient& client) {
  const auto answer = client.peek("/v1/ping");
  if (answer && *answer && (**answer)["version"].as_string() != MDL_VERSION)
    return {false,
            "supervisor is of version " + (**answer)["version"].as_string() + ", this is " + MDL_VERSION,
            "mdl supervise --restart"};
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
