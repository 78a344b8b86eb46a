#include "core/oci/pyproject.hpp"

#include <optional>

#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

// The text after `dependencies =` in the [project] table.
std::optional<std::string_view> dependencies_value(std::string_view text) {
  bool in_project = false;
  for (const auto raw : split(text, '\n')) {
    const auto line = trimmed(raw);
    if (line.starts_with('[')) in_project = line.starts_with("[project]");
    if (!in_project || !line.starts_with("dependencies")) continue;
    const auto rest = trimmed(line.substr(std::string_view("dependencies").size()));
    if (rest.starts_with('=')) return text.substr(static_cast<std::size_t>(rest.data() + 1 - text.data()));
  }
  return std::nullopt;
}

bool has_table(std::string_view text, std::string_view header) {
  for (const auto line : split(text, '\n'))
    if (trimmed(line).starts_with(header)) return true;
  return false;
}

// One TOML string that starts at `at` with its quote; moves past it.
std::string string_at(std::string_view text, std::size_t& at) {
  const char quote = text[at++];
  std::string value;
  for (; at < text.size() && text[at] != quote; ++at) {
    if (quote == '"' && text[at] == '\\' && at + 1 < text.size()) ++at;
    value += text[at];
  }
  ++at;
  return value;
}

}  // namespace

std::expected<std::vector<std::string>, std::string> pyproject_dependencies(std::string_view text) {
  const auto value = dependencies_value(text);
  if (!value) {
    if (has_table(text, "[tool.poetry.dependencies]"))
      return std::unexpected(
          "lists its dependencies for Poetry: write them with 'poetry export -o requirements.txt' and name "
          "that file");
    return {};
  }
  std::size_t at = value->find_first_not_of(" \t");
  if (at == std::string_view::npos || (*value)[at] != '[')
    return std::unexpected("has dependencies that are no list");
  std::vector<std::string> lines;
  for (++at; at < value->size();) {
    const char character = (*value)[at];
    if (character == ']') return lines;
    if (character == '"' || character == '\'')
      lines.push_back(string_at(*value, at));
    else if (character == '#')
      at = std::min(value->find('\n', at), value->size());
    else
      ++at;
  }
  return std::unexpected("has a list of dependencies that does not end");
}

}  // namespace mdl::oci
