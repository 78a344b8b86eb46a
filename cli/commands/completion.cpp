#include "cli/commands/complete.hpp"
#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "cli/views/document.hpp"

namespace mdl::cli {

namespace {

int completion(Context& context, const Arguments& arguments) {
  context.out.bytes(completion_script(arguments.text("shell")));
  return context.out.failed() ? 1 : 0;
}

// The value that the words before the last one give an option; "" when they give none.
std::string given(const std::vector<std::string>& words, std::string_view small, std::string_view large) {
  for (std::size_t i = 0; i + 2 < words.size(); ++i)
    if (words[i] == small || words[i] == large) return words[i + 1];
  return "";
}

std::vector<Candidate> releases(Context& context, const Arguments& chosen) {
  std::vector<Candidate> out;
  auto single = select_one(context, chosen);
  if (!single) return out;
  const auto records = single->connection.provider.releases->list(single->ref);
  if (!records) return out;
  for (const auto& record : *records)
    out.push_back({std::to_string(record.number), std::string(state_word(record)) + ", " + record.how});
  return out;
}

// Names from the manifest and the provider. What cannot be read gives no candidates: completion never
// complains.
std::vector<Candidate> names(Context& context, Completes what, const std::vector<std::string>& words) {
  Arguments chosen;
  for (const auto& [key, small, large] :
       {std::tuple{"file", "-f", "--file"}, {"target", "-t", "--target"}, {"service", "-s", "--service"}})
    if (const auto value = given(words, small, large);
        !value.empty() && !(what == Completes::services && large == std::string_view("--service")))
      chosen.add(key, value);
  std::vector<Candidate> out;
  switch (what) {
    case Completes::targets:
      for (auto& name : manifest::target_names(manifest_path(chosen), load_options(context, chosen)))
        out.push_back({std::move(name), ""});
      break;
    case Completes::services:
      if (auto selection = select(context, chosen))
        for (const auto& service : selection->services) out.push_back({service.name, ""});
      break;
    case Completes::releases:
      return releases(context, chosen);
    default:
      break;
  }
  return out;
}

int print_candidates(Context& context, const Arguments& arguments) {
  const auto words = arguments.texts("words");
  for (const auto& candidate :
       complete(words, [&](Completes what, const auto&all) { return names(context, what, all); }))
    context.out.bytes(candidate.word + (candidate.text.empty() ? "" : "\t" + candidate.text) + "\n");
  return 0;
}

}  // namespace

Command completion_command() {
  return {.name = "completion",
          .group = Group::scripts,
          .summary = "Print the completion script for a shell",
          .positionals = {{.name = "SHELL",
                           .type = OptionType::choice,
                           .help = "The shell",
                           .required = true,
                           .choices = {"bash", "zsh", "fish"}}},
          .examples = {{"mdl completion bash > ~/.local/share/bash-completion/completions/mdl",
                        "For every bash from now on"},
                       {"mdl completion zsh > ~/.zfunc/_mdl", "For zsh, with ~/.zfunc in $fpath"},
                       {"mdl completion fish > ~/.config/fish/completions/mdl.fish", "For fish"}},
          .run = completion};
}

Command complete_command() {
  return {.name = "__complete",
          .summary = "Print what can stand where the last word stands: completion scripts call it",
          .positionals = {{.name = "WORDS", .help = "The words after mdl"}},
          .examples = {{"mdl __complete -- deploy -t ''", "Names of targets"}},
          .run = print_candidates};
}

}  // namespace mdl::cli
