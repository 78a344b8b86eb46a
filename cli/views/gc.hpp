#pragma once

#include <string>
#include <vector>

#include "cli/views/scope.hpp"
#include "cli/views/style.hpp"
#include "core/provider/provider.hpp"

namespace mdl::cli {

struct Collected {
  std::string target;
  bool dry_run = false;
  std::vector<plan::ResourceId> resources;
  std::vector<provider::Inspect::Garbage> garbage;
};

std::string gc_text(const Collected& collected, const Scope& scope, const Style& style);
Value gc_value(const Collected& collected);

}  // namespace mdl::cli
