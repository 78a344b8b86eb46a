#include "cli/wiring.hpp"

#include <filesystem>
#include <random>

#include "cli/interrupt.hpp"
#include "core/http/pipeline.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "providers/local/local.hpp"

namespace mdl::cli {

namespace {

double uniform() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::generate_canonical<double, 32>(engine);
}

std::unique_ptr<http::Transport> make_transport(const Context& context) {
  auto transport = http::curl_transport();
  if (context.verbose)
    transport =
        http::with_log(std::move(transport), context.clock,
                       [&err = context.err](const std::string& line) { err.text(printable(line) + "\n"); });
  return http::with_retry(std::move(transport), {}, context.clock, context.sleeper, uniform);
}

}  // namespace

namespace {

// This executable's absolute path: the local target starts its supervisor from it.
std::string own_path(const Context& context) {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? context.program : path.string();
}

}  // namespace

Result<Connection> connect(const Context& context, const manifest::Target& target) {
  Connection connection{.transport = make_transport(context)};
  if (target.provider == "local") {
    connection.provider = local::make_provider({.home = local::Home::from_environment(),
                                                .program = own_path(context),
                                                .clock = context.clock,
                                                .sleeper = context.sleeper,
                                                .transport = *connection.transport,
                                                .interrupt = &interrupt(),
                                                .cache = state_path(context, "files.cache")});
    return connection;
  }
  return fail({.kind = ErrorKind::invalid,
               .message = "target '" + printable(target.name) + "': provider '" + printable(target.provider) +
                          "' is not part of this version of mdl; it has: local"});
}

Result<std::string> restart_local(const Context& context) {
  const auto transport = make_transport(context);
  return local::restart_supervisor({.home = local::Home::from_environment(),
                                    .program = own_path(context),
                                    .clock = context.clock,
                                    .sleeper = context.sleeper,
                                    .transport = *transport});
}

int supervise_local() { return local::run_supervisor(local::Home::from_environment()); }

std::string state_path(const Context& context, std::string_view name) {
  const auto home = context.variables("MDL_HOME");
  const std::string folder = home && !home->empty() ? *home + "/state" : state_folder();
  return folder + "/" + std::string(name);
}

}  // namespace mdl::cli
