#include "providers/aws/names.hpp"

#include <algorithm>

#include "core/util/digest.hpp"
#include "core/util/text.hpp"

namespace mdl::aws {

namespace {

constexpr std::size_t name_limit = 64;  // of functions and of roles

std::string bounded(const std::string& name) {
  if (name.size() <= name_limit) return name;
  return name.substr(0, name_limit - 9) + "-" + sha256(name).substr(0, 8);
}

constexpr std::string_view release_word = "mdl release=", artifact_word = " artifact=",
                           golden_word = " golden", health_word = " health=", start_word = " start=";

}  // namespace

Names names_of(const release::ServiceRef& ref, const std::string& region) {
  Names names{.ref = ref};
  const auto base = ref.service + "-" + ref.target;
  names.function = bounded(base);
  names.role = bounded("mdl-" + base + "-" + region);
  names.log_group = "/aws/lambda/" + names.function;
  names.records = "/mdl/" + ref.service + "/" + ref.target;
  return names;
}

plan::ResourceId secret_policy_id(const Names& names, int release) {
  return {"secret-policy", names.role + "/" + policy_name + "-" + std::to_string(release)};
}

std::optional<int> release_of_policy(const std::string& name) {
  const std::string prefix = std::string(policy_name) + "-";
  if (!name.starts_with(prefix)) return std::nullopt;
  const auto number = parse_integer(std::string_view(name).substr(prefix.size()));
  if (!number || *number < 1 || *number > 1'000'000'000) return std::nullopt;
  return static_cast<int>(*number);
}

std::string describe(const Described& described) {
  return std::string(release_word) + std::to_string(described.release) + std::string(artifact_word) +
         described.artifact + (described.golden ? std::string(golden_word) : std::string()) +
         (described.health.empty() ? std::string()
                                   : std::string(health_word) + described.health + std::string(start_word) +
                                         std::to_string(described.start_s));
}

std::optional<Described> described_in(const std::string& description) {
  if (!description.starts_with(release_word)) return std::nullopt;
  const auto artifact = description.find(artifact_word);
  if (artifact == std::string::npos) return std::nullopt;
  const auto number = parse_integer(
      std::string_view(description).substr(release_word.size(), artifact - release_word.size()));
  if (!number || *number < 1 || *number > 1'000'000'000) return std::nullopt;
  const auto words = split(std::string_view(description).substr(artifact + artifact_word.size()), ' ');
  Described described{.release = static_cast<int>(*number), .artifact = std::string(words[0])};
  for (const auto word : words) {
    if (word == golden_word.substr(1)) described.golden = true;
    if (word.starts_with(health_word.substr(1))) described.health = word.substr(health_word.size() - 1);
    if (word.starts_with(start_word.substr(1)))
      described.start_s = static_cast<int>(parse_integer(word.substr(start_word.size() - 1)).value_or(60));
  }
  return described;
}

}  // namespace mdl::aws
