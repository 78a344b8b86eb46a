#include <algorithm>

#include "core/plan/plan.hpp"
#include "core/util/text.hpp"

namespace mdl::plan {

namespace {

using Path = std::vector<std::string>;

// One call of compare().
class Comparison {
 public:
  explicit Comparison(const std::vector<std::string>& whole) {
    for (const auto& pattern : whole) patterns_.push_back(split(pattern, '.'));
  }

  void compare(const Value& desired, const Value& observed) {
    if (desired.is_object() && (observed.is_object() || observed.is_null()))
      compare_members(desired, observed);
    else if (is_list_of_objects(desired) && observed.as_array().size() == desired.as_array().size())
      compare_items(desired.as_array(), observed.as_array());
    else if (!(desired == observed))
      add(observed, desired);
  }

  std::vector<FieldDiff> found;

 private:
  void compare_members(const Value& desired, const Value& observed) {
    for (const auto& [name, member] : desired.as_object()) at(name, [&] { compare(member, observed[name]); });
    const bool whole = is_whole();
    for (const auto& [name, member] : observed.as_object()) {
      if (desired.contains(name) || member.is_null()) continue;
      // A map of ours that is gone altogether is one without members.
      at(name, [&] { whole ? add(member, {}) : is_whole() ? compare_members({}, member) : void(); });
    }
  }

  // Items are matched by their place: the platform may have filled in members of each.
  void compare_items(const Value::Array& desired, const Value::Array& observed) {
    for (std::size_t i = 0; i < desired.size(); ++i)
      at(std::to_string(i), [&] { compare(desired[i], observed[i]); });
  }

  template <class F>
  void at(const std::string& name, F compare_there) {
    path_.push_back(name);
    compare_there();
    path_.pop_back();
  }

  void add(const Value& from, const Value& to) {
    found.push_back({.field = join(path_, "."), .from = from, .to = to});
  }

  static bool is_list_of_objects(const Value& value) {
    return std::ranges::any_of(value.as_array(), [](const Value& item) { return item.is_object(); });
  }

  // Whether the object at the present path is one whose members are all ours.
  bool is_whole() const {
    return std::ranges::any_of(patterns_, [this](const auto& pattern) { return matches(pattern); });
  }

  bool matches(const std::vector<std::string_view>& pattern) const {
    if (pattern.size() != path_.size() + 1 || pattern.back() != "*") return false;
    for (std::size_t i = 0; i < path_.size(); ++i)
      if (pattern[i] != "*" && pattern[i] != path_[i]) return false;
    return true;
  }

  std::vector<std::vector<std::string_view>> patterns_;
  Path path_;
};

}  // namespace

std::vector<FieldDiff> compare(const Value& desired, const Value& observed,
                               const std::vector<std::string>& whole) {
  Comparison comparison(whole);
  comparison.compare(desired, observed);
  return std::move(comparison.found);
}

}  // namespace mdl::plan
