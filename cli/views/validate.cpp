#include "cli/views/validate.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "cli/views/document.hpp"
#include "cli/views/problems.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

bool Validation::ok() const {
  return std::ranges::none_of(problems,
                              [](const auto& p) { return p.severity == manifest::Severity::certain; });
}

std::string validate_text(const Validation& validation, const Style& style) {
  if (!validation.ok()) return problems_text(validation.problems, style);
  std::string out = problem_lines(validation.problems, style);
  if (!out.empty()) out += "\n" + problems_sentence(validation.problems) + ". ";
  return out + fmt::format("{} is in order: {} on {}\n", printable(validation.file),
                           join(validation.services, ", "), join(validation.targets, ", "));
}

Value validate_value(const Validation& validation) {
  return Value::object({{"file", validation.file},
                        {"services", validation.services},
                        {"targets", validation.targets},
                        {"problems", problems_value(validation.problems)}});
}

}  // namespace mdl::cli
