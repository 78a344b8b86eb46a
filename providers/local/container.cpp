#include "providers/local/container.hpp"

#include <fmt/format.h>

#include "core/util/files.hpp"
#include "core/util/process.hpp"
#include "core/util/text.hpp"

namespace mdl::local {

namespace {

using manifest::Service;

// The name tells homes apart, since all of one user's share a daemon: the working folder lies in the
// artifact's.
constexpr auto start_script = R"(engine=docker
docker version >/dev/null 2>&1 || engine=podman
home=$(pwd | cksum)
name=mdl-$MDL_SERVICE-$MDL_TARGET-$MDL_RELEASE-$MDL_REPLICA-${home%% *}
"$engine" rm -f "$name" >/dev/null 2>&1
for variable in $(env | sed -n 's/^\(MDL_[A-Z0-9_]*\)=.*/\1/p'); do set -- -e "$variable" "$@"; done
exec "$engine" run --rm --init --pull never --name "$name" --label dev.mdl.replica )";

Command command_of(std::vector<std::string> arguments, Milliseconds timeout) {
  return {.arguments = std::move(arguments),
          .folder = {},
          .set = {},
          .on_line = {},
          .timeout = timeout,
          .input = {}};
}

bool answers(const std::string& program) {
  const char* const question = program == "docker" ? "version" : "info";
  const char* const format = program == "docker" ? "{{.Server.Version}}" : "{{.Version.Version}}";
  const auto finished = run(command_of({program, question, "--format", format}, Milliseconds(10'000)));
  return finished && finished->status == 0;
}

}  // namespace

std::string image_name(const std::string& service, const std::string& artifact) {
  return "mdl/" + service + ":" + artifact.substr(0, 32);
}

std::vector<std::string> container_command(const Service& service, const std::string& artifact) {
  std::vector<std::string> command{"sh", "-c", start_script, "mdl"};
  const auto add = [&](std::initializer_list<std::string> more) { command.insert(command.end(), more); };
  command[2] += service.needs.empty() ? R"(-p "127.0.0.1:$PORT:$PORT" "$@")" : R"(--network host "$@")";
  add({"-e", "PORT", "-e", "OMP_NUM_THREADS", "-e", "PYTHONUNBUFFERED"});
  for (const auto& entry : service.env) add({"-e", entry.first});
  for (const auto& entry : service.secrets) add({"-e", entry.first});
  add({"--memory", std::to_string(service.resources.memory_bytes)});
  add({"--cpus", fmt::format("{}", service.resources.cpu)});
  add({image_name(service.name, artifact)});
  command.insert(command.end(), service.http.command.begin(), service.http.command.end());
  return command;
}

Result<std::string> container_engine() {
  std::string found;
  for (const char* name : {"docker", "podman"}) {
    if (find_program(name).empty()) continue;
    if (answers(name)) return std::string(name);
    if (found.empty()) found = name;
  }
  if (found.empty())
    return fail(Error{.kind = ErrorKind::not_found,
                      .message = "there is no docker and no podman on PATH",
                      .resource = "docker",
                      .next = {"apt-get install docker.io"}});
  return fail(Error{.kind = ErrorKind::not_found,
                    .message = found + " is here, but does not answer this user",
                    .resource = found,
                    .next = {found == "docker" ? "systemctl start docker" : "podman info"}});
}

Result<void> build_image(const Service& service, const std::string& artifact_folder, const std::string& image,
                         const provider::OnProgress& progress) {
  MDL_TRY(const auto engine, container_engine());
  const auto context = artifact_folder + "/app";
  auto command = command_of({engine, "build", "-t", image, "--label", "dev.mdl.service=" + service.name, "-f",
                             context + "/" + service.build.dockerfile, context},
                            Milliseconds(0));
  command.on_line = [&](std::string_view line) {
    if (progress && !line.empty()) progress({.what = printable(line)});
  };
  MDL_TRY(auto finished, run(command));
  if (finished.status == 0) return write_file(artifact_folder + "/image", image);
  return fail(Error{.kind = ErrorKind::failed,
                    .message = engine + " build of " + service.build.dockerfile + " exited " +
                               std::to_string(finished.status),
                    .resource = "image " + image,
                    .where = service.source_of("build.dockerfile"),
                    .lines = std::move(finished.last_lines)});
}

Result<bool> has_image(const std::string& image) {
  MDL_TRY(const auto engine, container_engine());
  MDL_TRY(const auto finished,
          run(command_of({engine, "image", "inspect", "--format", "{{.Id}}", image}, Milliseconds(30'000))));
  return finished.status == 0;
}

void remove_image(const std::string& image) {
  if (const auto engine = container_engine())
    (void)run(command_of({*engine, "rmi", image}, Milliseconds(60'000)));
}

std::string image_of(const std::string& artifact_folder) {
  const auto image = read_file(artifact_folder + "/image", 4096);
  return image ? *image : std::string();
}

}  // namespace mdl::local
