#include "cli/wiring.hpp"

#include <filesystem>
#include <random>

#include "cli/interrupt.hpp"
#include "core/http/pipeline.hpp"
#include "core/util/files.hpp"
#include "core/util/process.hpp"
#include "core/util/text.hpp"
#include "providers/aws/aws.hpp"
#include "providers/aws/policy.hpp"
#include "providers/local/local.hpp"

namespace mdl::cli {

namespace {

double uniform() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::generate_canonical<double, 32>(engine);
}

// One line an attempt with --verbose.
std::unique_ptr<http::Transport> plain_transport(const Context& context) {
  auto transport = http::curl_transport();
  if (!context.verbose) return transport;
  return http::with_log(std::move(transport), context.clock,
                        [&err = context.err](const std::string& line) { err.text(printable(line) + "\n"); });
}

std::unique_ptr<http::Transport> make_transport(const Context& context) {
  return http::with_retry(plain_transport(context), {}, context.clock, context.sleeper, uniform);
}

}  // namespace

namespace {

// This executable's absolute path: the local target starts its supervisor from it.
std::string own_path(const Context& context) {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? context.program : path.string();
}

aws::Options aws_options(const Context& context, const manifest::Target& target) {
  return {.client = {.transport = plain_transport(context),
                     .clock = context.clock,
                     .sleeper = context.sleeper,
                     .uniform = uniform,
                     .around = {.variable = context.variables,
                                .read = [](const std::string& path) { return read_file(path); },
                                .run = [](const mdl::Command& command) { return mdl::run(command); },
                                .clock = context.clock},
                     .region = target.settings["region"].as_string(),
                     .profile = target.settings["profile"].as_string()},
          .zips = state_path(context, "zips"),
          .role_given = !target.settings["role"].as_string().empty()};
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
  if (target.provider == "aws") {
    MDL_TRY(connection.provider, aws::make_provider(aws_options(context, target)));
    return connection;
  }
  return fail({.kind = ErrorKind::invalid,
               .message = "target '" + printable(target.name) + "': provider '" + printable(target.provider) +
                          "' is not part of this version of mdl; it has: local, aws"});
}

namespace {

std::unexpected<Error> no_policies(const std::string& provider) {
  return fail({.kind = ErrorKind::refused,
               .message = "the provider '" + printable(provider) + "' has no policies of its own",
               .next = {"mdl policy -t TARGET"}});
}

}  // namespace

Result<std::vector<Policy>> policies(const Context& context, const manifest::Service& service,
                                     const std::string& account, bool large) {
  if (service.target.provider != "aws") return no_policies(service.target.provider);
  MDL_TRY(auto found, aws::policies_of(service, aws_options(context, service.target).client, account, large));
  std::vector<Policy> all;
  for (auto& one : found) all.push_back({std::move(one.phase), std::move(one.document)});
  return all;
}

Result<Value> pipeline_trust(const manifest::Target& target, const Pipeline& pipeline) {
  if (target.provider != "aws") return no_policies(target.provider);
  return aws::trust_of({.host = pipeline.host,
                        .repository = pipeline.repository,
                        .branch = pipeline.branch,
                        .environment = pipeline.environment,
                        .account = pipeline.account});
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
