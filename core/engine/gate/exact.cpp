#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "core/engine/gate/answers.hpp"

namespace mdl::engine::gate {

namespace {

using Members = std::map<std::string, Value>;  // those that hold no others, by path

void collect(const Value& value, const std::string& path, Members& members) {
  if (value.is_object() && !value.as_object().empty()) {
    for (const auto& [name, inner] : value.as_object())
      collect(inner, path.empty() ? name : path + "." + name, members);
  } else if (value.is_array() && !value.as_array().empty()) {
    const auto& items = value.as_array();
    for (std::size_t i = 0; i < items.size(); ++i)
      collect(items[i], path + "[" + std::to_string(i) + "]", members);
  } else {
    members.insert_or_assign(path, value);
  }
}

Members members_of(const Answer& answer) {
  Members members;
  const auto parsed = parse_json(answer.body);
  collect(parsed ? *parsed : Value(answer.body), "", members);
  members.insert_or_assign("status", answer.status);
  return members;
}

bool same(const Value* a, const Value* b, double tolerance) {
  if (a == nullptr || b == nullptr) return a == b;
  if (!a->is_number() || !b->is_number()) return *a == *b;
  const double x = a->as_number(), y = b->as_number();
  return x == y || std::abs(x - y) <= tolerance * std::max({1.0, std::abs(x), std::abs(y)});
}

const Value* find(const Members& members, const std::string& path) {
  const auto found = members.find(path);
  return found == members.end() ? nullptr : &found->second;
}

}  // namespace

std::optional<Change> exact_change(std::span<const Answer> stable, std::span<const Answer> fresh,
                                   double tolerance) {
  if (stable.empty() || fresh.empty()) return std::nullopt;
  std::vector<Members> stables, freshes;
  for (const auto& answer : stable) stables.push_back(members_of(answer));
  for (const auto& answer : fresh) freshes.push_back(members_of(answer));
  Members paths = stables.front();
  paths.insert(freshes.front().begin(), freshes.front().end());
  for (const auto& entry : paths) {
    const auto& path = entry.first;
    const Value* was = find(stables.front(), path);
    const auto as_stable = [&](const Members& one) { return same(was, find(one, path), tolerance); };
    if (!std::ranges::all_of(stables, as_stable) || std::ranges::any_of(freshes, as_stable)) continue;
    const Value* is = find(freshes.front(), path);
    return Change{.path = path, .was = was ? dump(*was) : "", .is = is ? dump(*is) : ""};
  }
  return std::nullopt;
}

}  // namespace mdl::engine::gate
