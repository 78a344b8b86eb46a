#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "core/util/process.hpp"

namespace mdl::cli {

namespace {

int open(Context& context, const Arguments& arguments) {
  auto single = select_one(context, arguments);
  if (!single) return finish(context, single.error());
  auto url = single->connection.provider.invoke->url(single->ref);
  if (!url) return finish(context, error_report(context, url.error()));
  const bool browse =
      context.interactive && context.format == Format::text && !find_program("xdg-open").empty();
  Report report{.document = Value::object(
                    {{"service", single->ref.service}, {"target", single->ref.target}, {"url", *url}}),
                .text = *url + "\n"};
  // A browser that does not start is no failure: the address is printed either way.
  if (browse) (void)mdl::run({.arguments = {"xdg-open", *url}, .timeout = Milliseconds{5'000}});
  return finish(context, report);
}

}  // namespace

Command open_command() {
  return {
      .name = "open",
      .group = Group::start,
      .summary = "Print the service's address, or open it in the browser",
      .options = with({file_option(), target_option(), service_option(), no_input_option(), output_option()},
                      reading_options()),
      .examples = {{"mdl open", "Open the service"}, {"mdl open --no-input", "Only print the address"}},
      .run = open};
}

}  // namespace mdl::cli
