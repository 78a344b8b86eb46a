#pragma once

#include <string>
#include <vector>

#include "core/provider/metrics.hpp"

namespace mdl::cli {

// A service's own metrics as rows of name and value, in their order. A histogram is one row, with its count,
// median, 95th percentile and mean ("5, p50 0.31, p95 0.48, mean 0.28"), and so is a summary, with the
// quantiles that it has.
std::vector<std::vector<std::string>> own_metric_rows(const std::vector<provider::MetricsReport::Own>& own);

}  // namespace mdl::cli
