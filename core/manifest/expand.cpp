#include "core/manifest/expand.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "core/manifest/quote.hpp"

namespace mdl::manifest {
namespace {

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

std::expected<Expanded, ExpandError> expand(std::string_view text,
                                            const std::map<std::string, std::string>& environment) {
  Expanded out;
  while (true) {
    const auto begin = text.find("${");
    if (begin == std::string_view::npos) break;
    if (begin > 0 && text[begin - 1] == '$') {
      out.text.append(text.substr(0, begin - 1)).append("${");
      text.remove_prefix(begin + 2);
      continue;
    }
    out.text.append(text.substr(0, begin));
    text.remove_prefix(begin + 2);
    const auto end = text.find('}');
    if (end == std::string_view::npos)
      return std::unexpected(ExpandError{"'${' has no '}'; write $${ for the text itself"});
    const auto inside = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto colon = inside.find(":-");
    const std::string name(inside.substr(0, colon));
    if (!is_variable_name(name))
      return std::unexpected(ExpandError{
          fmt::format("{} is no name of a variable; write $${{ for the text itself", quote(name))});
    const auto value = environment.find(name);
    const bool usable =
        value != environment.end() && (colon == std::string_view::npos || !value->second.empty());
    if (!usable && colon == std::string_view::npos)
      return std::unexpected(ExpandError{
          fmt::format("the variable {0} is not set; set it, or give a default: ${{{0}:-...}}", name), true});
    out.text.append(usable ? std::string_view(value->second) : inside.substr(colon + 2));
    out.changed = out.changed || usable;
  }
  out.text.append(text);
  return out;
}

}  // namespace mdl::manifest
