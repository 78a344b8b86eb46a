#include "core/oci/build_command.hpp"

#include "core/util/process.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

Result<void> run_build_command(const manifest::Service& service,
                               const std::function<void(std::string_view)>& on_line) {
  if (service.build.command.empty()) return {};
  Command command{.arguments = service.build.command, .folder = service.folder};
  command.on_line = [&](std::string_view line) { on_line(printable(line)); };
  auto finished = run(command);
  const auto name = "build.command '" + join(service.build.command, " ") + "'";
  if (finished && finished->status == 0) return {};
  Error error{.kind = ErrorKind::failed,
              .message = name + (finished ? " exited " + std::to_string(finished->status) : " cannot be run"),
              .resource = "build",
              .where = service.source_of("build.command")};
  if (finished) error.lines = std::move(finished->last_lines);
  if (!finished) error.quoted = finished.error().message;
  return fail(std::move(error));
}

}  // namespace mdl::oci
