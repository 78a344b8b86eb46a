#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mdl::model {

// A tensor type of ggml: `block` numbers are stored in `bytes` bytes. From ggml.h and ggml-quants.h.
struct GgmlType {
  std::uint32_t id;
  std::string_view name;
  std::uint32_t block, bytes;
};
// nullopt for one that this version does not know.
std::optional<GgmlType> ggml_type(std::uint32_t id);

// The name of general.file_type ("Q4_K_M"); "" when it is not known. From llama.h, enum llama_ftype.
std::string_view gguf_file_type(std::uint64_t id);

// How many layers make one group, the last of which keeps all tokens, in architectures whose files do not
// say: what llama.cpp fixes in its code (set_swa_pattern). 0: not known.
std::uint32_t sliding_pattern(std::string_view architecture);

}  // namespace mdl::model
