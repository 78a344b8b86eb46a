#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/weights.hpp"

namespace mdl::model {

// The memory that one replica is expected to have at its peak: an estimate, within about 15 % for a language
// model of which the header says all (benchmarks/memory.py measures it), and the weights alone for others.
struct Memory {
  std::uint64_t weights = 0, cache = 0, runtime = 0;  // bytes
  std::uint64_t total() const { return weights + cache + runtime; }
  std::uint64_t largest_model =
      0;                        // bytes of the largest model with a header: cannot be less, whatever runs it
  std::uint64_t context = 0;    // tokens of one request; 0: no model has a key-value cache that is known
  bool context_stated = false;  // in the manifest; else the model's own, at most default_context
  int concurrency = 1;
  bool complete = true;                 // false: what some weights need besides their bytes is not known
  std::vector<std::string> arithmetic;  // how it comes about, a line each
};

// Without a stated context a request is taken to need this much, or what the model was made for when that is
// less: models are made for contexts of 100,000 tokens and more, which few services use.
inline constexpr std::uint64_t default_context = 4096;

// `contexts`: of each of findings.models, 0 where the manifest states none. nullopt without models.
std::optional<Memory> memory_needed(const Findings& findings, const std::vector<std::uint64_t>& contexts,
                                    int concurrency);

// "253.1 MB weights + 37.7 MB key-value cache (4,096 tokens, assumed: model.*.context states it, × 8 at once)
// + 131.2 MB to run it"
std::string sum_text(const Memory& memory);

// "Gemma 3 270m: 268 M parameters, Q4_K_M, 253.1 MB, context 32,768"
std::string description(const Model& model);

}  // namespace mdl::model
