#include "providers/aws/note.hpp"

#include <algorithm>
#include <array>

#include "core/plan/plan.hpp"
#include "core/util/digest.hpp"
#include "providers/aws/records.hpp"

namespace mdl::aws {

namespace {

constexpr std::array<std::string_view, 6> kinds{"role",     "role-policy", "log-group",
                                                "function", "concurrency", "provisioned"};

// A function's configuration is its versions' own; all releases share only its tags.
Value shared_spec(const plan::Desired& desired) {
  if (desired.id.kind != "function") return desired.spec;
  return Value::object({{"tags", desired.spec["tags"]}});
}

}  // namespace

std::string note_name(const Names& names) { return names.records + "/shared"; }

bool is_noted(std::string_view kind) { return std::ranges::find(kinds, kind) != kinds.end(); }

std::optional<plan::Desired> note_for(const Names& names, std::span<const plan::Desired> all) {
  plan::Desired note{.id = {note_kind, note_name(names)}, .serves = true, .follows = true};
  auto holds = Value::array();
  for (const auto& desired : all) {
    if (!is_noted(desired.id.kind)) continue;
    holds.push(Value::object(
        {{"kind", desired.id.kind}, {"name", desired.id.name}, {"spec", shared_spec(desired)}}));
    note.needs.push_back(desired.id);
  }
  const auto digest = sha256(dump_canonical(holds)).substr(0, 16);
  note.spec = Value::object({{"digest", digest}, {"holds", std::move(holds)}});
  if (dump(note.spec).size() > parameter_limit) return std::nullopt;
  return note;
}

plan::Observed note_seen(const Names& names, const std::string& text,
                         std::span<const plan::Observed> actual) {
  plan::Observed note{.id = {note_kind, note_name(names)}};
  const auto value = parse_json(text);
  const auto says = noted(text);
  const bool right = !says.empty() && std::ranges::all_of(says, [&](const plan::Observed& one) {
    const auto found = std::ranges::find(actual, one.id, &plan::Observed::id);
    return found != actual.end() && plan::compare(one.spec, found->spec, {}).empty();
  });
  note.spec = Value::object({{"digest", right ? (*value)["digest"] : Value("outdated")}});
  return note;
}

std::vector<plan::Observed> noted(const std::string& text) {
  std::vector<plan::Observed> all;
  const auto value = parse_json(text);
  if (!value) return all;
  for (const auto& one : (*value)["holds"].as_array())
    all.push_back({.id = {one["kind"].as_string(), one["name"].as_string()}, .spec = one["spec"]});
  return all;
}

}  // namespace mdl::aws
