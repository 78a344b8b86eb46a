#include "core/engine/hooks.hpp"

#include <algorithm>

#include "core/util/process.hpp"

namespace mdl::engine {

Result<void> run_hook(const std::string& name, const std::vector<std::string>& command,
                      const Service& service, int release, const std::string& url, Calls& calls,
                      StageScope& stage) {
  if (command.empty()) return {};
  Command program{.arguments = command, .folder = service.folder};
  program.set = {{"MDL_HOOK", name},
                 {"MDL_SERVICE", service.name},
                 {"MDL_TARGET", service.target.name},
                 {"MDL_RELEASE", std::to_string(release)},
                 {"MDL_URL", url}};
  program.on_line = [&](std::string_view line) { stage.waiting(name + ": " + std::string(line)); };
  return calls.make("hook " + name, [&]() -> Result<void> {
    auto finished = run(program);
    if (finished && finished->status == 0) return {};
    Error error{
        .kind = ErrorKind::failed, .resource = "hook " + name, .where = service.source_of("hooks." + name)};
    if (finished) {
      error.code = "exited";
      error.message = "hook " + name + " exited " + std::to_string(finished->status);
      error.lines = finished->last_lines;
    } else {
      error.message = "hook " + name + " did not run: " + finished.error().message;
      error.quoted = finished.error().quoted;
    }
    return fail(std::move(error));
  });
}

bool hook_done(const release::Record& record, std::string_view name) {
  return record.extra["hooks"][name].as_string() == "done";
}

Result<bool> run_hook_once(const std::string& name, const std::vector<std::string>& command,
                           const Service& service, int release, const std::string& url, Provider& provider,
                           Calls& calls, StageScope& stage) {
  const ServiceRef ref{.service = service.name, .target = service.target.name};
  MDL_TRY(auto records, provider.releases->list(ref));
  const auto record = std::ranges::find(records, release, &release::Record::number);
  if (record == records.end())
    return fail(ErrorKind::not_found, "release " + std::to_string(release) + " has no record");
  if (hook_done(*record, name)) return false;
  MDL_CHECK(run_hook(name, command, service, release, url, calls, stage));
  Value hooks = record->extra["hooks"];
  hooks.set(name, "done");
  record->extra.set("hooks", std::move(hooks));
  MDL_CHECK(calls.make("update record " + std::to_string(release),
                       [&] { return provider.releases->update(ref, *record); }));
  return true;
}

}  // namespace mdl::engine
