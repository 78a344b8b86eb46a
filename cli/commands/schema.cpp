#include "cli/commands/options.hpp"
#include "cli/commands/report.hpp"
#include "core/manifest/fields.hpp"

namespace mdl::cli {

namespace {

int schema(Context& context, const Arguments& arguments) {
  context.out.bytes(arguments.has("reference") ? manifest::reference_page() : manifest::json_schema());
  return context.out.failed() ? 1 : 0;
}

}  // namespace

Command schema_command() {
  return {.name = "schema",
          .group = Group::scripts,
          .summary = "Print the JSON Schema of mdl.yaml, for editors",
          .options = {{.names = "--reference",
                       .help = "Print the reference page of all fields (Markdown) instead"}},
          .examples = {{"mdl schema > mdl.schema.json", "Save it for an editor"},
                       {"mdl schema --reference", "Read about every field"}},
          .run = schema};
}

}  // namespace mdl::cli
