#pragma once

#include <string>

#include "core/engine/engine.hpp"
#include "core/util/value.hpp"

namespace mdl::cli {

// "Weights  …" a line a model, then the memory that a replica needs; with `verbose` how it comes about.
std::string weights_text(const engine::WeightsReport& report, bool verbose);
Value weights_value(const engine::WeightsReport& report);

}  // namespace mdl::cli
