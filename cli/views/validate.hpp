#pragma once

#include <string>
#include <vector>

#include "cli/views/style.hpp"
#include "core/engine/engine.hpp"
#include "core/manifest/service.hpp"

namespace mdl::cli {

struct Validation {
  std::string file;
  std::vector<std::string> services, targets;  // those that are in order
  std::vector<manifest::Problem> problems;
  std::vector<std::pair<std::string, engine::WeightsReport>> weights;  // by service
  bool ok() const;                                                     // no problem is certain
};

std::string validate_text(const Validation& validation, const Style& style, bool verbose = false);
Value validate_value(const Validation& validation);

}  // namespace mdl::cli
