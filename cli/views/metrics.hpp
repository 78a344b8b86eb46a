#pragma once

#include <string>
#include <vector>

#include "cli/views/style.hpp"
#include "core/provider/metrics.hpp"
#include "core/util/value.hpp"

namespace mdl::cli {

// A row a release with sparklines of requests and p95 over the window, then the service's own metrics.
std::string metrics_text(const release::ServiceRef& ref, const provider::MetricsReport& report,
                         const Style& style);
Value metrics_value(const release::ServiceRef& ref, const provider::MetricsReport& report);

// One sign a value, from ▁ (none) to █ (the largest).
std::string sparkline(const std::vector<double>& values);

}  // namespace mdl::cli
