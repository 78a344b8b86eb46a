#include "core/manifest/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unordered_set>

#include "core/manifest/quote.hpp"
#include "core/manifest/values.hpp"

namespace mdl::manifest {
namespace {

// A field of that name that stands in some section.
std::string elsewhere(std::string_view name, bool in_target) {
  for (const auto& field : fields()) {
    if (name == "*" || last_name(field.path) != name) continue;
    if (field.path.starts_with("targets.*.")) {
      if (in_target) return "";
      if (field.providers.empty()) return "; it stands in a target";
      return fmt::format("; it stands in a target with provider {}", fmt::join(field.providers, " or "));
    }
    const auto dot = field.path.rfind('.');
    if (dot != std::string_view::npos && field.path.find('*') == std::string_view::npos)
      return fmt::format("; it stands below '{}'", field.path.substr(0, dot));
  }
  return "";
}

}  // namespace

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('.') + 1); }

std::string below(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

std::vector<std::string_view> providers_of(std::string_view path) {
  std::vector<std::string_view> out;
  for (const auto& field : fields())
    if (field.path == path) out.insert(out.end(), field.providers.begin(), field.providers.end());
  return out;
}

std::string unknown_field(std::string_view name, std::string_view path,
                          const std::vector<std::string_view>& known, bool in_target) {
  // A name that is right elsewhere is a better guess than one that is spelled differently.
  auto hint = elsewhere(name, in_target);
  if (hint.empty() || !path.empty()) {
    const auto near = suggestion(name, known);
    if (!near.empty()) hint = near;
  }
  if (hint.empty() && !path.empty()) hint = fmt::format("; here can stand {}", fmt::join(known, ", "));
  return fmt::format("unknown field {}{}{}", quote(name), path.empty() ? "" : fmt::format(" in '{}'", path),
                     hint);
}

void check_alternatives(const std::vector<Assignment>& assignments, Problems& problems) {
  const auto group = [](std::string_view alternative) {
    return alternative.substr(0, alternative.find(':'));
  };
  std::vector<const Assignment*> before;
  std::unordered_set<std::string_view> variables;
  for (const auto& second : assignments) {
    if (second.path.starts_with("env.")) variables.insert(second.key);
    const auto member = second.field->alternative;
    if (member.empty()) continue;
    for (const auto* first : before) {
      if (first->field->alternative == member || group(first->field->alternative) != group(member)) continue;
      problems.add(second.at, second.path,
                   fmt::format("'{}' and '{}' exclude each other", first->path, second.path));
      break;
    }
    before.push_back(&second);
  }
  for (const auto& secret : assignments)
    if (secret.path.starts_with("secrets.") && variables.contains(secret.key))
      problems.add(secret.at, secret.path, fmt::format("{} is in env and in secrets", quote(secret.key)));
}

}  // namespace mdl::manifest
