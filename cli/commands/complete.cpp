#include "cli/commands/complete.hpp"

#include <algorithm>
#include <optional>

#include "cli/commands/command_line.hpp"
#include "cli/commands/registry.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

const Option* find_option(const Command& command, std::string_view word) {
  for (const auto& option : command.options)
    for (const auto part : split(option.names, ','))
      if (part == word) return &option;
  return nullptr;
}

std::vector<Candidate> command_names() {
  std::vector<Candidate> out;
  for (const auto& entry : registry()) {
    const Command command = entry.make();
    if (command.group != Group::hidden)
      out.push_back({std::string(command.name), std::string(command.summary)});
  }
  return out;
}

std::vector<Candidate> option_names(const Command& command) {
  std::vector<Candidate> out;
  for (const auto& option : command.options)
    for (const auto part : split(option.names, ','))
      if (part.starts_with("--")) out.push_back({std::string(part), std::string(option.help)});
  out.push_back({"--help", "Explain the command"});
  return out;
}

std::vector<Candidate> values(Completes what, const std::vector<std::string_view>& choices,
                              const std::vector<std::string>& words, const Names& names) {
  if (!choices.empty()) {
    std::vector<Candidate> out;
    for (const auto choice : choices) out.push_back({std::string(choice), ""});
    return out;
  }
  switch (what) {
    case Completes::nothing:
      return {};
    case Completes::files:
      return {{":files", ""}};
    case Completes::folders:
      return {{":folders", ""}};
    case Completes::commands:
      return command_names();
    default:
      return names(what, words);
  }
}

// Which positional the last word is; nullptr when all are given.
const Positional* positional_at(const Command& command, const std::vector<std::string>& words,
                                std::size_t verb) {
  std::size_t index = 0;
  for (std::size_t i = verb + 1; i + 1 < words.size(); ++i) {
    if (!words[i].starts_with('-')) {
      ++index;
    } else if (const auto* option = find_option(command, words[i]);
               option != nullptr && option->type != OptionType::flag) {
      ++i;
    }
  }
  return index < command.positionals.size() ? &command.positionals[index] : nullptr;
}

std::vector<Candidate> all_candidates(const std::vector<std::string>& words, const Names& names) {
  const auto verb = command_position(words);
  if (!verb || *verb + 1 >= words.size()) return command_names();
  const Entry* entry = find_command(words[*verb]);
  if (entry == nullptr) return {};
  const Command command = entry->make();
  if (const auto* option = find_option(command, words[words.size() - 2]);
      option != nullptr && option->type != OptionType::flag)
    return values(option->completes, option->choices, words, names);
  if (words.back().starts_with('-')) return option_names(command);
  if (const auto* positional = positional_at(command, words, *verb))
    return values(positional->completes, positional->choices, words, names);
  return option_names(command);
}

}  // namespace

std::vector<Candidate> complete(const std::vector<std::string>& words, const Names& names) {
  if (words.empty()) return {};
  std::string begun = words.back(), lead;
  auto asked = words;
  // --target=pr is completed like --target pr, with the option in front.
  if (const auto equals = begun.find('='); begun.starts_with("--") && equals != std::string::npos) {
    lead = begun.substr(0, equals + 1);
    begun = begun.substr(equals + 1);
    asked.back() = lead.substr(0, equals);
    asked.push_back(begun);
  }
  auto out = all_candidates(asked, names);
  std::erase_if(out, [&](const auto& candidate) {
    return candidate.word[0] != ':' && !candidate.word.starts_with(begun);
  });
  for (auto& candidate : out)
    if (candidate.word[0] != ':') candidate.word = lead + candidate.word;
  return out;
}

std::string completion_script(std::string_view shell) {
  if (shell == "bash")
    return R"(# mdl completion for bash:  source <(mdl completion bash)
_mdl() {
  local IFS=$'\n' line word="${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS=$'\t' read -r line _; do
    case $line in
      :files) compopt -o filenames; COMPREPLY+=($(compgen -f -- "$word")) ;;
      :folders) compopt -o filenames; COMPREPLY+=($(compgen -d -- "$word")) ;;
      # Bash splits words at '=': only what stands behind it is replaced.
      *=*) [[ $word == *=* ]] && COMPREPLY+=("$line") || COMPREPLY+=("${line#*=}") ;;
      ?*) COMPREPLY+=("$line") ;;
    esac
  done < <(mdl __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _mdl mdl
)";
  if (shell == "zsh")
    return R"(#compdef mdl
# mdl completion for zsh:  source <(mdl completion zsh), or save it as _mdl in a folder of $fpath
_mdl() {
  local -a candidates
  local word text
  while IFS=$'\t' read -r word text; do
    case $word in
      :files) _files; return ;;
      :folders) _files -/; return ;;
      ?*) candidates+=("${word//:/\\:}${text:+:$text}") ;;
    esac
  done < <(mdl __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe 'mdl' candidates
}
if [ "$funcstack[1]" = "_mdl" ]; then _mdl "$@"; else compdef _mdl mdl; fi
)";
  if (shell == "fish")
    return R"(# mdl completion for fish:  mdl completion fish | source
function __mdl_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (mdl __complete -- $words[2..-1] 2>/dev/null)
    switch $line
      case ':files*'
        __fish_complete_path (commandline -ct)
      case ':folders*'
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c mdl -f -a '(__mdl_complete)'
)";
  return "";
}

}  // namespace mdl::cli
