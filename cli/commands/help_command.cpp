#include <array>

#include "cli/commands/help.hpp"
#include "cli/commands/registry.hpp"
#include "cli/commands/report.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

int help(Context& context, const Arguments& arguments) {
  const std::string name = arguments.text("command");
  if (name.empty()) {
    context.out.text(overview(context.out.style()));
    return 0;
  }
  const Entry* entry = find_command(name);
  if (entry == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& known : registry()) names.push_back(known.name);
    const auto near = nearest(name, names);
    return finish(context, usage_report(context, "unknown command '" + printable(name) + "'" +
                                                     (near ? "; did you mean '" + *near + "'?" : "")));
  }
  context.out.text(command_help(entry->make(), context.out.style()));
  return 0;
}

}  // namespace

Command help_command() {
  return {.name = "help",
          .group = Group::scripts,
          .summary = "Explain a command",
          .positionals = {{.name = "COMMAND",
                           .help = "The command (default: an overview of all)",
                           .completes = Completes::commands}},
          .examples = {{"mdl help rollback", "What rollback does, with examples"}},
          .run = help};
}

}  // namespace mdl::cli
