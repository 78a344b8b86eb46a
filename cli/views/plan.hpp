#pragma once

#include <string>
#include <vector>

#include "cli/views/scope.hpp"
#include "cli/views/style.hpp"
#include "core/plan/plan.hpp"

namespace mdl::cli {

std::string plan_text(const plan::Plan& plan, const Scope& scope, const Style& style);
// A section of a pull-request comment: heading, table of changes, sentence, folded list of calls.
std::string plan_markdown(const plan::Plan& plan);
// "Uploads 8.1 MB. No downtime. Release 7 stays restorable. 6 calls."
std::string plan_sentence(const plan::Plan& plan);
// {"service","target","changes":[…],"unchanged":[…],"calls",…}
Value plan_value(const plan::Plan& plan);

}  // namespace mdl::cli
