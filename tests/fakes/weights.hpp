#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Small files of weights, made as the formats describe them.
namespace mdl::fakes {

class Gguf {
 public:
  explicit Gguf(std::uint32_t version = 3) : version_(version) {}

  Gguf& text(std::string_view key, std::string_view value) { return entry(key, 8, sized(value)); }
  Gguf& u32(std::string_view key, std::uint32_t value) { return entry(key, 4, number(value, 4)); }
  Gguf& u16(std::string_view key, std::uint16_t value) { return entry(key, 2, number(value, 2)); }
  Gguf& texts(std::string_view key, std::uint64_t count) {
    std::string items = number(8, 4) + number(count, 8);
    for (std::uint64_t i = 0; i < count; ++i) items += sized("t" + std::to_string(i));
    return entry(key, 9, items);
  }
  Gguf& u32s(std::string_view key, const std::vector<std::uint32_t>& values) {
    std::string items = number(4, 4) + number(values.size(), 8);
    for (const auto value : values) items += number(value, 4);
    return entry(key, 9, items);
  }
  Gguf& raw(std::string_view key, std::uint32_t type, std::string_view bytes) {
    return entry(key, type, std::string(bytes));
  }
  // At the offset where the one before ends, unless another is given.
  Gguf& tensor(std::string_view name, const std::vector<std::uint64_t>& shape, std::uint32_t type,
               std::uint64_t bytes) {
    return tensor_at(name, shape, type, data_, bytes);
  }
  Gguf& tensor_at(std::string_view name, const std::vector<std::uint64_t>& shape, std::uint32_t type,
                  std::uint64_t offset, std::uint64_t bytes) {
    tensors_ += sized(name) + number(shape.size(), 4);
    for (const auto length : shape) tensors_ += number(length, 8);
    tensors_ += number(type, 4) + number(offset, 8);
    ++tensor_count_;
    data_ += (bytes + 31) / 32 * 32;
    return *this;
  }

  // Header and as many zeros as the tensors take.
  std::string bytes() const {
    std::string out =
        "GGUF" + number(version_, 4) + number(tensor_count_, 8) + number(keys_, 8) + entries_ + tensors_;
    out.resize((out.size() + 31) / 32 * 32 + data_);
    return out;
  }

  static std::string number(std::uint64_t value, int size) {
    std::string out;
    for (int i = 0; i < size; ++i, value >>= 8) out += static_cast<char>(value & 0xff);
    return out;
  }
  static std::string sized(std::string_view text) { return number(text.size(), 8) + std::string(text); }

 private:
  Gguf& entry(std::string_view key, std::uint32_t type, const std::string& value) {
    entries_ += sized(key) + number(type, 4) + value;
    ++keys_;
    return *this;
  }

  std::uint32_t version_;
  std::string entries_, tensors_;
  std::uint64_t keys_ = 0, tensor_count_ = 0, data_ = 0;
};

// A language model of two layers: 4 heads, 2 of them kept, keys and values of 8 numbers, 100 words.
inline Gguf small_model() {
  Gguf file;
  file.text("general.architecture", "llama").text("general.name", "Small").u32("general.file_type", 1);
  file.u32("llama.context_length", 2048).u32("llama.embedding_length", 32).u32("llama.block_count", 2);
  file.u32("llama.feed_forward_length", 64).u32("llama.attention.head_count", 4);
  file.u32("llama.attention.head_count_kv", 2).texts("tokenizer.ggml.tokens", 100);
  file.tensor("token_embd.weight", {32, 100}, 1, 6400).tensor("blk.0.attn_q.weight", {32, 32}, 1, 2048);
  return file;
}

inline std::string safetensors(std::string_view header, std::size_t data) {
  return Gguf::number(header.size(), 8) + std::string(header) + std::string(data, '\0');
}

}  // namespace mdl::fakes
