// The program that runs a service behind the Lambda Runtime API: `bootstrap` of an OS-only runtime, and exec
// wrapper of a managed one (whose own command, in the arguments, it does not start). See
// docs/runtime-client.md.

#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

#include "providers/aws/runtime/extension.hpp"
#include "providers/aws/runtime/json.hpp"
#include "providers/aws/runtime/loop.hpp"

using namespace mdl;
using namespace mdl::aws::runtime;

namespace {

constexpr Millis longest_init = 9'800;  // at 10 s the platform begins the initialisation anew
constexpr int grace_ms = 1'500;         // of the two seconds that a shutdown may take
constexpr int last_answers_ms = 300;

int stop_descriptor = -1;
void on_stop(int) { ::eventfd_write(stop_descriptor, 1); }

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

std::string own_folder() {
  std::string path(4096, '\0');
  const auto size = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(static_cast<std::size_t>(std::max<ssize_t>(0, size)));
  return path.substr(0, path.rfind('/'));
}

Result<Settings> read_settings() {
  const auto stated = variable("MDL_RUNTIME_SETTINGS");
  const auto path = stated.empty() ? own_folder() + "/runtime.json" : stated;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(ErrorKind::not_found, "there is no " + path);
  std::string text(1u << 20, '\0');
  const auto size = ::read(file, text.data(), text.size());
  ::close(file);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, size)));
  return parse_settings(text);
}

std::string function_environment() {
  std::string out = "{";
  for (const auto& [member, name] :
       std::array<std::pair<const char*, const char*>, 5>{{{"function_name", "AWS_LAMBDA_FUNCTION_NAME"},
                                                           {"memory", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"},
                                                           {"version", "AWS_LAMBDA_FUNCTION_VERSION"},
                                                           {"log_stream", "AWS_LAMBDA_LOG_STREAM_NAME"},
                                                           {"log_group", "AWS_LAMBDA_LOG_GROUP_NAME"}}}) {
    if (out.size() > 1) out += ',';
    append_quoted(out, member);
    out += ':';
    append_quoted(out, variable(name));
  }
  return out + '}';
}

int loop_count() {
  const auto text = variable("AWS_LAMBDA_MAX_CONCURRENCY");
  int count = 1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return text.empty() || error != std::errc() || end != text.data() + text.size() || count < 1 || count > 1000
             ? 1
             : count;
}

int failed_init(Api& api, std::string_view type, const std::string& message) {
  log(message);
  api.report_init(type, message);
  return 1;
}

Result<void> post(const Settings& settings, const std::string& path) {
  if (path.empty()) return {};
  ServiceClient client(settings);
  const auto deadline = now() + longest_init;
  MDL_TRY(auto answer,
          client.ask({.method = "POST", .target = path, .headers = {{"Host", "localhost"}}, .body = {}},
                     deadline));
  MDL_CHECK(answer.rest(1u << 20, deadline));
  if (answer.status() < 300) return {};
  return fail(ErrorKind::failed, path + " answered " + std::to_string(answer.status()));
}

// Around the snapshot of an initialised environment: what is restored has no connection of before.
int pass_snapshot(Api& api, const Settings& settings) {
  if (const auto before = post(settings, settings.before_snapshot); !before)
    return failed_init(api, "Service.BeforeSnapshotFailed", before.error().message);
  const auto restored = api.wait_for_restore();
  api.forget_connections();
  if (!restored) {
    log(restored.error().message);
    return 1;
  }
  if (const auto after = post(settings, settings.after_restore); !after) {
    log(after.error().message);
    api.report_restore("Service.AfterRestoreFailed", after.error().message);
    return 1;
  }
  return 0;
}

// Runs the loops until the environment ends, the service does, or one of them must; then ends the program.
[[noreturn]] void serve(const Address& address, const Settings& settings, Service& service, bool is_ready) {
  Shared shared{.settings = settings, .service = service, .environment = function_environment()};
  shared.is_ready = is_ready;
  const int interrupt = ::eventfd(0, EFD_CLOEXEC), ended = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::atomic<int> status{0}, running{loop_count()};
  const int count = running;
  for (int i = 0; i < count; ++i) {
    std::thread([&] {
      if (const int result = Loop(address, interrupt, shared).run(); result != 0) status = result;
      --running;
      ::eventfd_write(ended, 1);
    }).detach();
  }
  std::array<pollfd, 3> polled{{{.fd = stop_descriptor, .events = POLLIN, .revents = 0},
                                {.fd = service.exited_descriptor(), .events = POLLIN, .revents = 0},
                                {.fd = ended, .events = POLLIN, .revents = 0}}};
  while (::poll(polled.data(), polled.size(), -1) < 0) {
  }
  shared.is_ending = true;
  ::eventfd_write(interrupt, 1);
  if (polled[1].revents != 0) {
    status = 1;
    log(service.obituary());
  }
  // The service finishes what it has begun, and so do the loops.
  if (polled[1].revents == 0) service.stop(grace_ms);
  for (int waited = 0; running > 0 && waited < last_answers_ms; ++waited) ::poll(nullptr, 0, 1);
  service.flush_output();
  ::_exit(status);  // the threads that are left use what stands here
}

int run() {
  const auto begun = now();
  const auto address = Address::parse(variable("AWS_LAMBDA_RUNTIME_API"));
  if (address.host.empty()) {
    log("AWS_LAMBDA_RUNTIME_API is not set: this program runs in an AWS Lambda environment");
    return 1;
  }
  Api api(address, -1);
  auto settings = read_settings();
  if (!settings) return failed_init(api, "Runtime.BadSettings", settings.error().message);
  if (settings->port == 0) settings->port = free_port();
  const auto service = Service::start(*settings);
  if (!service) return failed_init(api, "Service.NotStarted", service.error().message);
  if (settings->drain) register_extension(address);
  const auto ready = wait_until_ready(*settings, **service, begun + longest_init);
  if (!ready && ready.error().code == "exited")
    return failed_init(api, "Service.Exited", ready.error().message);
  if (!ready) log("the service is not ready after 9.8 s: the first request waits for it");
  if (variable("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start")
    if (const int status = pass_snapshot(api, *settings); status != 0) return status;
  api.forget_connections();
  stop_descriptor = ::eventfd(0, EFD_CLOEXEC);
  std::signal(SIGTERM, on_stop);
  std::signal(SIGINT, on_stop);
  serve(address, *settings, **service, ready.has_value());
}

}  // namespace

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  // Without the destructors of what detached threads use.
  ::_exit(run());
}
