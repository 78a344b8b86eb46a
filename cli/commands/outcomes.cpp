#include "cli/commands/outcomes.hpp"

#include <algorithm>
#include <array>

namespace mdl::cli {

Value outcomes_document(const std::vector<std::pair<engine::Outcome, Value>>& outcomes) {
  if (outcomes.size() == 1) return outcomes.front().second;
  Value services = Value::array();
  for (const auto& [outcome, value] : outcomes) services.push(value);
  return Value::object({{"services", services}});
}

int worst_exit(const std::vector<engine::Exit>& exits) {
  using engine::Exit;
  constexpr std::array order = {Exit::attention,    Exit::interrupted,     Exit::conflict,
                                Exit::unrestorable, Exit::previous_serves, Exit::failed};
  for (const auto exit : order)
    if (std::ranges::find(exits, exit) != exits.end()) return static_cast<int>(exit);
  return 0;
}

Report outcome_report(const engine::Outcome& outcome, std::string text, Value document) {
  return {.exit = static_cast<int>(outcome.exit), .document = std::move(document), .text = std::move(text)};
}

}  // namespace mdl::cli
