#include "core/engine/gate/words.hpp"

#include <cmath>
#include <cstdio>

#include "core/util/text.hpp"

namespace mdl::engine::gate {

std::string percent(double share) {
  const double value = share * 100;
  char text[32];
  if (value > 0 && value < 0.1)
    std::snprintf(text, sizeof text, "%.1g %%", value);
  else if (value >= 1 && std::abs(value - std::round(value)) < 1e-9)
    std::snprintf(text, sizeof text, "%.0f %%", value);
  else
    std::snprintf(text, sizeof text, "%.1f %%", value);
  return text;
}

std::string milliseconds(double ms) {
  if (ms >= 10 || ms == std::round(ms)) return readable_count(std::llround(ms)) + " ms";
  char text[32];
  std::snprintf(text, sizeof text, ms < 1 ? "%.2f ms" : "%.1f ms", ms);
  return text;
}

std::string requests(std::uint64_t count) {
  return readable_count(static_cast<std::int64_t>(count)) + (count == 1 ? " request" : " requests");
}

}  // namespace mdl::engine::gate
