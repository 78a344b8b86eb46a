#include "core/manifest/resolve.hpp"

#include <algorithm>

#include "core/util/text.hpp"

namespace mdl::manifest {
namespace {

using Chosen = std::map<std::string, const Assignment*>;

std::string_view group(std::string_view alternative) { return alternative.substr(0, alternative.find(':')); }

void drop_alternatives(Chosen& chosen, const Assignment& by) {
  if (by.path.starts_with("env.")) chosen.erase("secrets." + by.key + ".from");
  if (by.path.starts_with("secrets.")) chosen.erase("env." + by.key);
  const auto alternative = by.field->alternative;
  if (alternative.empty()) return;
  std::erase_if(chosen, [&](const auto& entry) {
    const auto other = entry.second->field->alternative;
    return !other.empty() && other != alternative && group(other) == group(alternative);
  });
}

Value& section(Value& object, std::string_view name) {
  for (auto& [member, value] : *object.object_if())
    if (member == name) return value;
  return object.set(name, Value::object());
}

// The key of a map's entry may hold dots.
void put_setting(Value& settings, std::string_view path, const Value& value, std::string_view key) {
  if (!key.empty()) path.remove_suffix(key.size() + 1);
  auto parts = split(path, '.');
  if (!key.empty()) parts.push_back(key);
  Value* at = &settings;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) at = &section(*at, parts[i]);
  at->set(parts.back(), value);
}

}  // namespace

At Resolved::at(std::string_view path) const {
  const auto inside = places.lower_bound(std::string(path) + ".");
  if (!places.contains(std::string(path)) && inside != places.end() &&
      inside->first.starts_with(std::string(path) + "."))
    return inside->second;
  for (std::string key(path); !key.empty();) {
    if (const auto found = places.find(key); found != places.end()) return found->second;
    const auto dot = key.rfind('.');
    key.resize(dot == std::string::npos ? 0 : dot);
  }
  return {file, {.line = 1, .column = 1}};
}

void assign(const std::vector<const std::vector<Assignment>*>& layers, Resolved& resolved) {
  Chosen chosen;
  for (const auto* layer : layers) {
    for (const auto& assignment : *layer) drop_alternatives(chosen, assignment);
    for (const auto& assignment : *layer) chosen[assignment.path] = &assignment;
  }
  Service& service = resolved.service;
  service.target.settings = Value::object();
  for (const auto& [path, assignment] : chosen) {
    const bool setting = !assignment->field->providers.empty();
    if (setting)
      put_setting(service.target.settings, path, assignment->value, assignment->key);
    else if (assignment->field->set)
      assignment->field->set(service, assignment->value, assignment->key);
    const auto before = setting ? "targets." + service.target.name + "." : "";
    resolved.places.emplace(before + path, assignment->at);
    for (const auto& [part, at] : assignment->parts) resolved.places.emplace(before + part, at);
  }
}

}  // namespace mdl::manifest
