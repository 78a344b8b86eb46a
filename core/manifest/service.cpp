#include "core/manifest/service.hpp"

#include <algorithm>

namespace mdl::manifest {

std::int64_t Service::context() const {
  std::int64_t largest = 0;
  for (const auto& entry : model) largest = std::max(largest, entry.context);
  return largest;
}

std::optional<Source> Service::source_of(std::string_view path) const {
  std::string key(path);
  while (true) {
    if (const auto found = sources.find(key); found != sources.end()) return found->second;
    const auto dot = key.rfind('.');
    if (dot == std::string::npos) return std::nullopt;
    key.resize(dot);
  }
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::certain:
      return "certain";
    case Severity::likely:
      return "likely";
    case Severity::unknown:
      return "unknown";
  }
  return "certain";
}

}  // namespace mdl::manifest
