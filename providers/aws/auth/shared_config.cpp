#include "providers/aws/auth/shared_config.hpp"

#include "core/util/text.hpp"

namespace mdl::aws {

namespace {

constexpr std::string_view blanks = " \t\r";

// A '#' or ';' after a blank begins a comment.
std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i)
    if ((text[i] == '#' || text[i] == ';') && (text[i - 1] == ' ' || text[i - 1] == '\t'))
      return text.substr(0, i);
  return text;
}

// Takes one file apart; `in_section` says where a section's settings go, nullptr for sections of no interest.
template <class F>
void parse(std::string_view text, F in_section) {
  Settings* settings = nullptr;
  std::string name;
  for (const auto line : split(text, '\n')) {
    const auto content = trimmed(line);
    if (content.empty() || content[0] == '#' || content[0] == ';') continue;
    if (content[0] == '[') {
      const auto end = content.find(']');
      settings = end == std::string_view::npos ? nullptr : in_section(trimmed(content.substr(1, end - 1)));
      name.clear();
      continue;
    }
    const auto equals = content.find('=');
    const bool nested = blanks.find(line[0]) != std::string_view::npos && !name.empty();
    if (settings == nullptr || equals == std::string_view::npos) continue;
    auto key = lower_case(trimmed(content.substr(0, equals)));
    if (nested)
      key = name + "." + key;
    else
      name = key;
    settings->insert_or_assign(key, std::string(trimmed(without_comment(content.substr(equals + 1)))));
  }
}

// "profile  dev" → "dev"; nullopt when the section is of another kind.
std::optional<std::string> named(std::string_view section, std::string_view kind) {
  if (!section.starts_with(kind) || section.size() == kind.size()) return std::nullopt;
  if (blanks.find(section[kind.size()]) == std::string_view::npos) return std::nullopt;
  auto name = trimmed(section.substr(kind.size()));
  if (name.size() > 1 && (name[0] == '"' || name[0] == '\'') && name.back() == name[0])
    name = name.substr(1, name.size() - 2);
  return std::string(name);
}

}  // namespace

const std::string& setting(const Settings& settings, const std::string& name) {
  static const std::string none;
  const auto found = settings.find(name);
  return found == settings.end() ? none : found->second;
}

const Settings* SharedConfig::profile(const std::string& name) const {
  const auto found = profiles.find(name);
  return found == profiles.end() ? nullptr : &found->second;
}

SharedConfig parse_shared_config(std::string_view config, std::string_view credentials) {
  SharedConfig shared;
  parse(config, [&](std::string_view section) -> Settings* {
    if (section == "default") return &shared.profiles["default"];
    if (auto name = named(section, "profile")) return &shared.profiles[*name];
    if (auto name = named(section, "sso-session")) return &shared.sso_sessions[*name];
    if (auto name = named(section, "services")) return &shared.services[*name];
    return nullptr;
  });
  parse(credentials, [&](std::string_view section) { return &shared.profiles[std::string(section)]; });
  return shared;
}

}  // namespace mdl::aws
