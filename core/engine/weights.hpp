#pragma once

#include <string>
#include <vector>

#include "core/engine/engine.hpp"

namespace mdl::engine {

struct WeightsCheck {
  std::optional<WeightsReport> report;  // nullopt: the service has no weights
  std::vector<manifest::Problem> problems;
  std::optional<manifest::Problem> runs_code;  // formats that can, named: worth a word when they are new
};

// Looks at the headers of the service's weights (at their source, where it gives parts, while they are not
// here), and holds the memory that they need against resources.memory and what the platform has. Certain: a
// header that is wrong, a model larger than resources.memory. Likely: more memory in all. Unknown: formats
// that are not understood. `layers`: files with their places; nullptr (or without weights): as the manifest
// names them, those that are fetched left out. `cache`: a folder for what is remembered of headers; "" for
// none.
WeightsCheck check_weights(const Service& service, const oci::LayerPlan* layers, const Provider& provider,
                           const std::string& cache);

// The layers' digests by their kinds, and those of the weights' files: what a record keeps of an artifact.
Value layer_digests(const oci::LayerPlan& layers);
std::vector<std::string> weights_digests(const oci::LayerPlan& layers);

}  // namespace mdl::engine
