#include "providers/aws/records.hpp"

#include <algorithm>

#include "core/util/digest.hpp"
#include "core/util/text.hpp"

namespace mdl::aws {

namespace {

struct Key {
  int number = 0, revision = 0;
};

// PATH/8/3 → {8, 3}; nullopt for parts and for what others put there.
std::optional<Key> key_of(const std::string& path, const std::string& name) {
  if (!name.starts_with(path + "/")) return std::nullopt;
  const auto rest = split(std::string_view(name).substr(path.size() + 1), '/');
  if (rest.size() != 2) return std::nullopt;
  const auto number = parse_integer(rest[0]), revision = parse_integer(rest[1]);
  if (!number || !revision || *number < 1 || *revision < 1 || *number > 1'000'000'000 ||
      *revision > 1'000'000'000)
    return std::nullopt;
  return Key{static_cast<int>(*number), static_cast<int>(*revision)};
}

Result<release::Record> record_of(const std::string& path, const std::string& text, int revision,
                                  const Parameters& parameters) {
  MDL_TRY(auto value, parse_json(text));
  if (const auto parts = value["parts"].as_strings(); !parts.empty()) {
    std::string whole;
    for (const auto& part : parts) {
      const auto found = parameters.find(path + "/parts/" + part);
      if (found == parameters.end())
        return fail(ErrorKind::unavailable, "a part of a release record is not to be seen yet: " + part);
      whole += found->second;
    }
    MDL_TRY(auto resources, parse_json(whole));
    value.erase("parts");
    value.set("resources", std::move(resources));
  }
  MDL_TRY(auto record, release::record_from(value));
  record.revision = std::to_string(revision);
  return record;
}

}  // namespace

std::string record_name(const std::string& path, int number, int revision) {
  return path + "/" + std::to_string(number) + "/" + std::to_string(revision);
}

Written parameters_of(const std::string& path, const release::Record& record, int revision) {
  Written written{.name = record_name(path, record.number, revision)};
  auto value = release::to_value(record);
  written.value = dump(value);
  if (written.value.size() <= parameter_limit) return written;
  const auto resources = dump(value["resources"]);
  auto parts = Value::array();
  for (std::size_t at = 0; at < resources.size();) {
    auto end = std::min(resources.size(), at + parameter_limit);
    // Not in the middle of a character.
    while (end < resources.size() && (static_cast<unsigned char>(resources[end]) & 0xc0) == 0x80) --end;
    const auto part = resources.substr(at, end - at);
    const auto name = sha256(part).substr(0, 16);
    written.parts[path + "/parts/" + name] = part;
    parts.push(name);
    at = end;
  }
  value.erase("resources");
  value.set("parts", std::move(parts));
  written.value = dump(value);
  return written;
}

Result<std::vector<release::Record>> records_from(const std::string& path, const Parameters& parameters) {
  std::map<int, std::pair<int, const std::string*>> newest;  // number → revision and text
  for (const auto& [name, text] : parameters)
    if (const auto key = key_of(path, name))
      if (auto& slot = newest[key->number]; key->revision > slot.first) slot = {key->revision, &text};
  std::vector<release::Record> records;
  for (auto it = newest.rbegin(); it != newest.rend(); ++it) {
    MDL_TRY(auto record, record_of(path, *it->second.second, it->second.first, parameters));
    records.push_back(std::move(record));
  }
  return records;
}

std::vector<int> revisions_in(const std::string& path, int number, const Parameters& parameters) {
  std::vector<int> revisions;
  for (const auto& entry : parameters)
    if (const auto key = key_of(path, entry.first); key && key->number == number)
      revisions.push_back(key->revision);
  std::ranges::sort(revisions);
  return revisions;
}

}  // namespace mdl::aws
