#include "cli/commands/options.hpp"
#include "cli/commands/report.hpp"

namespace mdl::cli {

namespace {

int version(Context& context, const Arguments&) {
  Report report;
  report.document.set("version", MDL_VERSION);
  report.text = "mdl " MDL_VERSION "\n";
  return finish(context, report);
}

}  // namespace

Command version_command() {
  return {.name = "version",
          .group = Group::scripts,
          .summary = "Print the version",
          .description = "`mdl --version` does the same.",
          .options = {output_option()},
          .examples = {{"mdl version", "Print one line"}, {"mdl version -o json", "Print it for a program"}},
          .run = version};
}

}  // namespace mdl::cli
