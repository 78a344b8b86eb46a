#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"

namespace mdl::cli {

namespace {

// No provider of this version has images, so there is no registry to push to; the command says so and what to
// run.
int push(Context& context, const Arguments& arguments) {
  auto single = select_one(context, arguments);
  if (!single) return finish(context, single.error());
  Error error{.kind = ErrorKind::refused,
              .message = "target '" + single->ref.target +
                         "' runs artifacts from this machine's own store and has no registry "
                         "to push to"};
  error.next = {"mdl deploy"};
  return finish(context, error_report(context, error));
}

}  // namespace

Command push_command() {
  return {
      .name = "push",
      .summary = "Send the artifact to the target's registry, without a release",
      .options = with({file_option(), target_option(), service_option(), output_option()}, reading_options()),
      .examples = {{"mdl push -t prod", "Build and send the image"}},
      .run = push};
}

}  // namespace mdl::cli
