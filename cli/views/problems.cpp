#include "cli/views/problems.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "core/manifest/load.hpp"

namespace mdl::cli {

std::string problem_lines(const std::vector<manifest::Problem>& problems, const Style& style) {
  std::string out;
  for (const auto& problem : problems) {
    auto worded = problem;
    if (problem.severity == manifest::Severity::likely) worded.message = "warning: " + problem.message;
    if (problem.severity == manifest::Severity::unknown) worded.message = "not known: " + problem.message;
    std::string text = manifest::format(worded);
    if (text.empty() || text.back() != '\n') text += '\n';
    const auto end = text.find('\n');
    const Colour colour = problem.severity == manifest::Severity::certain ? Colour::red : Colour::yellow;
    out += paint(style, colour, text.substr(0, end)) + text.substr(end);
  }
  return out;
}

std::string problems_sentence(const std::vector<manifest::Problem>& problems) {
  const auto certain =
      std::ranges::count(problems, manifest::Severity::certain, &manifest::Problem::severity);
  const auto others = static_cast<std::int64_t>(problems.size()) - certain;
  std::string out = fmt::format("{} problem{}", certain, plural(certain));
  if (others > 0) out += fmt::format(", {} warning{}", others, plural(others));
  return out;
}

std::string problems_text(const std::vector<manifest::Problem>& problems, const Style& style) {
  return problem_lines(problems, style) + "\n" + problems_sentence(problems) + ". Nothing was changed.\n";
}

}  // namespace mdl::cli
