#pragma once

#include <vector>

#include "cli/commands/report.hpp"
#include "core/engine/engine.hpp"

namespace mdl::cli {

// One outcome's document is the report's own; several become its "services".
Value outcomes_document(const std::vector<std::pair<engine::Outcome, Value>>& outcomes);
// The exit code of several outcomes: the first in the order of weight (4, 130, 5, 6, 3, 1) that one of them
// has; 0 else.
int worst_exit(const std::vector<engine::Exit>& exits);

// The report of a run of one service.
Report outcome_report(const engine::Outcome& outcome, std::string text, Value document);

}  // namespace mdl::cli
