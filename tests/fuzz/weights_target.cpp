#include "core/model/header_json.hpp"
#include "core/model/memory.hpp"
#include "tests/fuzz/targets.hpp"

namespace mdl::fuzz {

std::string weights(std::string_view bytes) {
  const auto source = model::bytes_of(bytes);
  const auto judge = [](const Result<model::Header>& header) -> std::string {
    if (!header) {
      const auto& message = header.error().message;
      if (message.empty() || message.size() > 2'000) return "an error without a sentence, or too long a one";
      for (const char c : message)
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t') return "a control character in: " + message;
      return "";
    }
    if (to_value(model::header_from(to_value(*header))) != to_value(*header))
      return "a header that is not remembered";
    model::Findings found;
    found.models.push_back({.path = "m", .bytes = header->tensor_bytes, .header = *header});
    const auto memory = model::memory_needed(found, {~0ull}, 1'000'000);
    if (!memory || memory->total() < memory->weights) return "memory that overflows";
    return "";
  };
  const auto gguf = model::read_gguf(*source);
  if (auto wrong = judge(gguf); !wrong.empty()) return "GGUF: " + wrong;
  const auto safetensors = model::read_safetensors(*source);
  if (auto wrong = judge(safetensors); !wrong.empty()) return "safetensors: " + wrong;
  model::Header configured{.format = model::Format::safetensors};
  if (const auto added = model::add_config(bytes, configured); added)
    if (auto wrong = judge(configured); !wrong.empty()) return "config: " + wrong;
  return "";
}

}  // namespace mdl::fuzz
