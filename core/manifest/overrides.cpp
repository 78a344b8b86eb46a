#include "core/manifest/overrides.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "core/manifest/fields.hpp"
#include "core/manifest/quote.hpp"
#include "core/manifest/values.hpp"
#include "core/util/text.hpp"

namespace mdl::manifest {
namespace {

constexpr std::string_view prefix = "MDL_FIELD_";

// {a: {b: value}} for the path a.b; every place is outside of files.
Node nested(const std::vector<std::string_view>& path, Node value) {
  for (auto name = path.rbegin(); name != path.rend(); ++name) {
    Node map{.kind = Node::Kind::map};
    map.members.push_back({.name = std::string(*name), .place = {}, .value = std::move(value)});
    value = std::move(map);
  }
  return value;
}

std::optional<Node> value_node(std::string_view text) {
  if (text.empty() || std::string_view("[\"'").find(text.front()) == std::string_view::npos)
    return Node{.kind = Node::Kind::scalar, .text = std::string(text)};
  auto tree = parse_tree(text);
  if (!tree.faults.empty()) return std::nullopt;
  auto node = std::move(tree.root);
  if (node.kind != Node::Kind::scalar && node.kind != Node::Kind::sequence) return std::nullopt;
  node.place = {};
  for (auto& item : node.items) item.place = {};
  return node;
}

std::string in_capitals(std::string_view path) {
  std::string out;
  for (const char c : path)
    out += c == '.' || c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

// The path that a variable's name, without the prefix, stands for; empty when there is none.
std::vector<std::string_view> path_of(std::string_view name, const std::string& target) {
  const auto wanted = "TARGETS_" + in_capitals(target) + "_";
  for (const auto& field : fields()) {
    if (field.type == FieldType::section || field.type == FieldType::sections || field.type == FieldType::map)
      continue;
    if (field.path.starts_with("targets.*.")) {
      const auto setting = field.path.substr(10);
      if (!name.starts_with(wanted) || in_capitals(setting) != name.substr(wanted.size())) continue;
      std::vector<std::string_view> path{"targets", target};
      for (const auto part : split(setting, '.')) path.push_back(part);
      return path;
    }
    if (field.path.find('*') == std::string_view::npos && in_capitals(field.path) == name)
      return split(field.path, '.');
  }
  if (name.starts_with("ENV_") && name.size() > 4) return {"env", name.substr(4)};
  if (name.starts_with("SECRETS_") && name.ends_with("_FROM") && name.size() > 13)
    return {"secrets", name.substr(8, name.size() - 13), "from"};
  return {};
}

std::string hint(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& field : fields())
    if (field.path.find('*') == std::string_view::npos && field.set) names.push_back(in_capitals(field.path));
  if (const auto near = nearest(name.substr(0, 64), {names.begin(), names.end()}))
    return fmt::format("; did you mean '{}{}'?", prefix, *near);
  return "";
}

}  // namespace

std::vector<Override> read_sets(const std::vector<std::string>& sets, Problems& problems,
                                std::vector<std::unique_ptr<File>>& files) {
  std::vector<Override> out;
  for (const auto& set : sets) {
    files.push_back(std::make_unique<File>("--set", ""));
    File* file = files.back().get();
    const At at{file, {}};
    const auto equals = set.find('=');
    const auto path = split(std::string_view(set).substr(0, equals), '.');
    if (equals == std::string::npos || std::ranges::find(path, "") != path.end()) {
      problems.add(
          at, "",
          fmt::format("expected field=value, such as scale.max=5, not {}", quote(set.substr(0, equals))));
      continue;
    }
    auto value = value_node(std::string_view(set).substr(equals + 1));
    if (!value)
      problems.add(at, set.substr(0, equals),
                   fmt::format("{}: this value is no YAML scalar or list", set.substr(0, equals)));
    else
      out.push_back({.file = file, .root = nested(path, std::move(*value))});
  }
  return out;
}

std::vector<Override> read_environment(const std::map<std::string, std::string>& environment,
                                       const std::vector<std::string>& targets, const std::string& target,
                                       Problems& problems, std::vector<std::unique_ptr<File>>& files) {
  std::vector<Override> out;
  for (auto entry = environment.lower_bound(std::string(prefix)); entry != environment.end(); ++entry) {
    if (!entry->first.starts_with(prefix)) break;
    const auto name = std::string_view(entry->first).substr(prefix.size());
    const auto path = path_of(name, target);
    const bool others = std::ranges::any_of(targets, [&](const std::string& other) {
      return other != target && name.starts_with("TARGETS_" + in_capitals(other) + "_");
    });
    if (path.empty() && others) continue;
    files.push_back(std::make_unique<File>("$" + entry->first, ""));
    File* file = files.back().get();
    const At at{file, {}};
    auto value = value_node(entry->second);
    if (path.empty())
      problems.add(at, "", fmt::format("no field has this name{}", hint(name)));
    else if (!value)
      problems.add(at, "", "this value is no YAML scalar or list");
    else
      out.push_back({.file = file, .root = nested(path, std::move(*value))});
  }
  return out;
}

}  // namespace mdl::manifest
