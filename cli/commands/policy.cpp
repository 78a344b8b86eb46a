#include <algorithm>

#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"

namespace mdl::cli {

namespace {

int policy(Context& context, const Arguments& arguments) {
  auto selection = select_single(context, arguments);
  if (!selection) return finish(context, selection.error());
  const auto& service = selection->services.front();
  if (arguments.has("trust")) {
    const auto trust = pipeline_trust(service.target, {.host = arguments.text("trust"),
                                                       .repository = arguments.text("repository"),
                                                       .branch = arguments.text("branch"),
                                                       .environment = arguments.text("environment"),
                                                       .account = arguments.text("account")});
    if (!trust) return finish(context, error_report(context, trust.error()));
    context.out.bytes(dump(*trust, 2) + "\n");
    return context.out.failed() ? 1 : 0;
  }
  auto found = policies(context, service, arguments.text("account"), arguments.has("large"));
  if (!found) return finish(context, error_report(context, found.error()));
  const auto wanted = arguments.text("for", "deploy");
  const auto phase = std::ranges::find(*found, wanted, &Policy::phase);
  if (phase == found->end()) {
    std::string known;
    for (const auto& one : *found) known += (known.empty() ? "" : ", ") + one.phase;
    return finish(context, usage_report(context, "--for: one of " + known));
  }
  context.out.bytes(dump(phase->document, 2) + "\n");
  return context.out.failed() ? 1 : 0;
}

}  // namespace

Command policy_command() {
  return {
      .name = "policy",
      .group = Group::scripts,
      .summary = "Print the smallest policy that lets somebody run a command",
      .description =
          "The document is the platform's own (AWS: an IAM policy), for one service on one target. Each "
          "statement is "
          "named after the step that needs it. Nothing is asked of the platform.",
      .options = with(
          {{.names = "--for",
            .type = OptionType::text,
            .value = "COMMAND",
            .help = "plan, deploy (also for resume), rollback, scale or destroy (default: deploy)"},
           {.names = "--account",
            .type = OptionType::text,
            .value = "ID",
            .help = "The account that stands in resource names (default: any)"},
           {.names = "--large", .help = "Also what sending a zip of over 50 MB needs (AWS: a bucket)"},
           {.names = "--trust",
            .type = OptionType::text,
            .value = "HOST",
            .help = "Instead, the trust policy that lets a pipeline of github or gitlab take on the role"},
           {.names = "--repository",
            .type = OptionType::text,
            .value = "ORG/NAME",
            .help = "With --trust: the pipeline's repository"},
           {.names = "--branch",
            .type = OptionType::text,
            .value = "NAME",
            .help = "With --trust: the branch that may"},
           {.names = "--environment",
            .type = OptionType::text,
            .value = "NAME",
            .help = "With --trust github: the environment that may"},
           file_option(),
           target_option(),
           service_option()},
          {}),
      .examples = {{"mdl policy -t prod", "What a pipeline that deploys needs"},
                   {"mdl policy -t prod --for rollback", "What somebody on call needs"},
                   {"mdl policy -t prod --trust github --repository acme/risk --branch main --account "
                    "123456789012",
                    "Who may take on a pipeline's role"}},
      .run = policy};
}

}  // namespace mdl::cli
