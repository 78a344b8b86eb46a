#include "core/model/memory.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

#include "core/util/text.hpp"

namespace mdl::model {

namespace {

constexpr std::uint64_t mebi = 1u << 20;
constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

std::uint64_t times(std::uint64_t a, std::uint64_t b) { return a != 0 && b > largest / a ? largest : a * b; }
std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  return b > largest - std::min(a, largest) ? largest : a + b;
}

// Both runtimes keep keys and values as 16-bit numbers unless told otherwise.
constexpr std::uint64_t cache_number = 2;
// A sliding layer keeps its window and the batch that is being read, rounded up (llama.cpp,
// llama_kv_cache_iswa).
constexpr std::uint64_t batch = 512, rounded = 256;

std::uint64_t kept_tokens(std::uint64_t context, std::uint64_t window) {
  const auto most = (plus(window, batch) + rounded - 1) / rounded * rounded;
  return std::min(context, most);
}

struct Runtime {
  std::uint64_t bytes;
  std::string why;
};

// What runs a model besides its weights and caches: measured, see benchmarks/memory.py.
Runtime runtime_of(const Header& header) {
  if (header.format == Format::safetensors) return {512 * mebi, "Python with a tensor library: 512 MiB"};
  constexpr std::uint64_t base = 56 * mebi, a_token = 300;
  const auto words = times(header.vocabulary, a_token);
  const auto numbers = plus(times(header.feed_forward, 2), times(header.embedding, 4));
  const auto compute = times(numbers, batch * sizeof(float));
  return {plus(base, plus(words, compute)),
          fmt::format("Python and llama.cpp: {} + {} × {} B for the vocabulary + {} for a batch of {}",
                      readable_bytes(base), readable_count(static_cast<std::int64_t>(header.vocabulary)),
                      a_token, readable_bytes(compute), batch)};
}

void add_cache(const Header& header, std::uint64_t context, Memory& memory) {
  const auto concurrency = static_cast<std::uint64_t>(std::max(1, memory.concurrency));
  const auto one = [&](const Attention& attention, std::uint64_t tokens, const char* what) {
    if (attention.layers == 0) return;
    const auto bytes = times(times(times(attention.width, cache_number), tokens), concurrency);
    memory.cache = plus(memory.cache, bytes);
    memory.arithmetic.push_back(
        fmt::format("cache: {} {}, {} numbers a token × {} B × {} tokens × {} at once = {}", attention.layers,
                    what, attention.width, cache_number, tokens, concurrency, readable_bytes(bytes)));
  };
  one(header.full, context, "layers");
  one(header.sliding, kept_tokens(context, header.window), "sliding layers");
}

std::string readable_parameters(std::uint64_t count) {
  if (count >= 1'000'000'000) return fmt::format("{:.1f} B", static_cast<double>(count) / 1e9);
  if (count >= 1'000'000) return fmt::format("{:.0f} M", static_cast<double>(count) / 1e6);
  return readable_count(static_cast<std::int64_t>(count));
}

}  // namespace

std::optional<Memory> memory_needed(const Findings& findings, const std::vector<std::uint64_t>& contexts,
                                    int concurrency) {
  if (findings.models.empty()) return std::nullopt;
  Memory memory{.concurrency = concurrency};
  Runtime runtime{64 * mebi, "a Python service: 64 MiB"};
  for (std::size_t i = 0; i < findings.models.size(); ++i) {
    const auto& model = findings.models[i];
    memory.weights = plus(memory.weights, model.bytes);
    memory.arithmetic.push_back(
        fmt::format("weights: {} {}", printable(model.path), readable_bytes(model.bytes)));
    if (!model.header) {
      memory.complete = false;
      continue;
    }
    memory.largest_model = std::max(memory.largest_model, model.bytes);
    if (auto needed = runtime_of(*model.header); needed.bytes > runtime.bytes) runtime = std::move(needed);
    const auto stated = i < contexts.size() ? contexts[i] : 0;
    if (model.header->full.layers + model.header->sliding.layers == 0) continue;
    auto context = stated;
    if (context == 0)
      context =
          model.header->context == 0 ? default_context : std::min(model.header->context, default_context);
    if (context > memory.context) memory.context_stated = stated != 0;
    memory.context = std::max(memory.context, context);
    add_cache(*model.header, context, memory);
  }
  memory.runtime = runtime.bytes;
  memory.arithmetic.push_back("runtime: " + runtime.why);
  return memory;
}

std::string sum_text(const Memory& memory) {
  auto out = readable_bytes(memory.weights) + " weights";
  if (memory.cache > 0)
    out +=
        fmt::format(" + {} key-value cache ({} tokens{} × {} at once)", readable_bytes(memory.cache),
                    readable_count(static_cast<std::int64_t>(memory.context)),
                    memory.context_stated ? "" : ", assumed: model.*.context states it,", memory.concurrency);
  return out + " + " + readable_bytes(memory.runtime) + " to run it";
}

std::string description(const Model& model) {
  auto out = printable(model.path) + ": ";
  if (model.header) {
    const auto& header = *model.header;
    out += std::string(to_string(header.format));
    if (const auto& name = header.name.empty() ? header.architecture : header.name; !name.empty())
      out += ", " + name;
    out += ", " + readable_parameters(header.parameters) + " parameters";
    if (!header.quantisation.empty()) out += ", " + header.quantisation;
    if (header.context > 0) out += ", context " + readable_count(static_cast<std::int64_t>(header.context));
    out += ", ";
  }
  out += readable_bytes(model.bytes);
  if (model.files > 1) out += fmt::format(" in {} files", model.files);
  return out;
}

}  // namespace mdl::model
