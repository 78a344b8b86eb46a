#include "cli/views/weights.hpp"

#include <fmt/format.h>

#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

// A folder of many small files need not be listed.
constexpr std::size_t shown_models = 5;

std::string memory_text(const engine::WeightsReport& report) {
  const auto& memory = report.memory;
  auto out = fmt::format("about {} a replica: {}; it gets {}", readable_bytes(memory.total()),
                         model::sum_text(memory), readable_bytes(report.limit));
  if (report.machine) out += fmt::format(" of the {} there are", readable_bytes(*report.machine));
  return out;
}

}  // namespace

std::string weights_text(const engine::WeightsReport& report, bool verbose) {
  std::string out;
  const auto shown = verbose ? report.models.size() : std::min(report.models.size(), shown_models);
  for (std::size_t i = 0; i < shown; ++i)
    out += fmt::format("{}{}\n", i == 0 ? "Weights  " : "         ", report.models[i]);
  if (shown < report.models.size())
    out += fmt::format("         and {} more\n", report.models.size() - shown);
  out += "Memory   " + memory_text(report) + "\n";
  if (!report.memory.complete)
    out += "         what weights of other formats need besides their bytes is not known\n";
  if (verbose)
    for (const auto& line : report.memory.arithmetic) out += "         " + line + "\n";
  return out;
}

Value weights_value(const engine::WeightsReport& report) {
  const auto& memory = report.memory;
  return Value::object({{"models", report.models},
                        {"memory_bytes", memory.total()},
                        {"weights_bytes", memory.weights},
                        {"cache_bytes", memory.cache},
                        {"runtime_bytes", memory.runtime},
                        {"context", memory.context == 0 ? Value() : Value(memory.context)},
                        {"context_stated", memory.context_stated},
                        {"concurrency", memory.concurrency},
                        {"complete", memory.complete},
                        {"arithmetic", memory.arithmetic},
                        {"limit_bytes", report.limit},
                        {"machine_bytes", report.machine ? Value(*report.machine) : Value()}});
}

}  // namespace mdl::cli
