#pragma once

#include <string>
#include <vector>

#include "cli/views/style.hpp"
#include "core/provider/provider.hpp"

namespace mdl::cli {

struct Diagnosis {
  std::string target, provider;
  std::vector<provider::Inspect::Check> checks;
};

// "  ok    python 3.11.2 with venv" under a line a target; a failure's remedy stands below it.
std::string doctor_text(const std::vector<Diagnosis>& diagnoses, const Style& style);
Value doctor_value(const std::vector<Diagnosis>& diagnoses);
bool healthy(const std::vector<Diagnosis>& diagnoses);

}  // namespace mdl::cli
