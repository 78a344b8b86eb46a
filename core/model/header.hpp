#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/bytes.hpp"
#include "core/util/error.hpp"

namespace mdl::model {

enum class Format { gguf, safetensors };
std::string_view to_string(Format format);  // "GGUF", "safetensors"

// Layers of one kind, as far as they decide the size of the key-value cache.
struct Attention {
  std::uint32_t layers = 0;
  std::uint64_t width =
      0;  // numbers that one token keeps in all of these layers: heads × (key + value length)
};

// What the header of a file of weights says. Of a model in several files, sums over them.
struct Header {
  Format format = Format::gguf;
  std::string name;          // "Gemma 3 270m"; may be empty
  std::string architecture;  // "gemma3", "LlamaForCausalLM"; empty: not stated
  std::string quantisation;  // "Q4_K_M", "BF16"; of a mixture without a name, that of most bytes
  std::uint64_t parameters = 0;
  std::uint64_t tensors = 0;
  std::uint64_t tensor_bytes = 0;
  std::uint64_t context = 0;  // tokens that the model was made for; 0: not stated
  std::uint64_t embedding = 0, feed_forward = 0, vocabulary = 0;  // 0: not stated
  // Layers that keep all tokens, and those that keep the last `window`. Both 0: not known, or no such cache.
  Attention full, sliding;
  std::uint64_t window = 0;
  std::uint32_t part = 0, parts = 1;  // of a GGUF in several files: from 0
};

// Longest header that is read; beyond that the answer is "not known" (kind refused), never a guess.
inline constexpr std::uint64_t largest_gguf_header = 128u << 20;
inline constexpr std::uint64_t largest_safetensors_header = 16u << 20;

// Reads the header and never a tensor, with bounded memory and time whatever the bytes are. Errors: invalid,
// with the byte, for a header that contradicts itself or the file's size (a truncated file, tensors that
// overlap or lie outside); refused for what this version does not understand (a newer format, too long a
// header); unavailable when it cannot be read.
Result<Header> read_gguf(Bytes& bytes);
Result<Header> read_safetensors(Bytes& bytes);

// What the config.json beside safetensors adds: architecture, context, layers. Members that are missing or of
// another type leave the header as it is. Errors: invalid for what is no JSON object.
Result<void> add_config(std::string_view json, Header& header);

// Adds another file of the same model: sums parameters, tensors and bytes.
void add_part(const Header& part, Header& whole);

}  // namespace mdl::model
