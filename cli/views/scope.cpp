#include "cli/views/scope.hpp"

#include <algorithm>

namespace mdl::cli {

std::string shell_quote(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:@%+,";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) return std::string(word);
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string Scope::command(std::string_view verb, std::string_view rest) const {
  std::string out = "mdl " + std::string(verb);
  // `logs -f` follows, so the short form of --file is not everywhere.
  if (!file.empty()) out += " --file " + shell_quote(file);
  if (!target.empty()) out += " -t " + shell_quote(target);
  if (!service.empty()) out += " -s " + shell_quote(service);
  if (!rest.empty()) out += " " + std::string(rest);
  return out;
}

}  // namespace mdl::cli
