#include "cli/views/validate.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "cli/views/document.hpp"
#include "cli/views/problems.hpp"
#include "cli/views/weights.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

bool Validation::ok() const {
  return std::ranges::none_of(problems,
                              [](const auto& p) { return p.severity == manifest::Severity::certain; });
}

std::string validate_text(const Validation& validation, const Style& style, bool verbose) {
  std::string weights;
  for (const auto& [service, report] : validation.weights) {
    if (validation.services.size() > 1) weights += printable(service) + "\n";
    weights += weights_text(report, verbose);
  }
  if (!weights.empty()) weights += "\n";
  if (!validation.ok()) return weights + problems_text(validation.problems, style);
  std::string out = weights + problem_lines(validation.problems, style);
  if (!validation.problems.empty()) out += "\n" + problems_sentence(validation.problems) + ". ";
  return out + fmt::format("{} is in order: {} on {}\n", printable(validation.file),
                           join(validation.services, ", "), join(validation.targets, ", "));
}

Value validate_value(const Validation& validation) {
  auto weights = Value::object();
  for (const auto& [service, report] : validation.weights) weights.set(service, weights_value(report));
  return Value::object({{"file", validation.file},
                        {"services", validation.services},
                        {"targets", validation.targets},
                        {"weights", weights},
                        {"problems", problems_value(validation.problems)}});
}

}  // namespace mdl::cli
