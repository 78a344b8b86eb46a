#include "core/plan/change.hpp"

#include <algorithm>

namespace mdl::plan {

namespace {

std::string weight_text(double weight) {
  auto text = std::to_string(weight);  // six decimals
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string split_text(Split split) {
  if (split.empty()) return "nothing";
  if (split.size() == 1) return std::to_string(split.front().release);
  std::ranges::sort(split, {}, &Share::release);
  std::string text;
  for (const auto& share : split)
    text += (text.empty() ? "" : " ") + std::to_string(share.release) + "=" + weight_text(share.weight);
  return text;
}

struct Name {
  std::string operator()(const Create& change) const { return "create " + to_string(change.desired.id); }
  std::string operator()(const Update& change) const { return "update " + to_string(change.desired.id); }
  std::string operator()(const Replace& change) const { return "replace " + to_string(change.desired.id); }
  std::string operator()(const Delete& change) const { return "delete " + to_string(change.id); }
  std::string operator()(const Promote& change) const { return "promote " + split_text(change.to); }
  std::string operator()(const Rest& change) const {
    return "rest release " + std::to_string(change.release);
  }
};

}  // namespace

std::string to_string(const ResourceId& id) { return id.kind + " " + id.name; }

int Live::release() const {
  const auto largest = std::ranges::max_element(split, {}, &Share::weight);
  return largest == split.end() ? 0 : largest->release;
}

std::string identity(const Change& change) { return std::visit(Name{}, change); }

}  // namespace mdl::plan
