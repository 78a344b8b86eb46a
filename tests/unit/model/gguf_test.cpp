#include <doctest/doctest.h>

#include "core/model/header.hpp"
#include "tests/fakes/weights.hpp"

using namespace mdl;
using fakes::Gguf;

namespace {

Result<model::Header> read(const std::string& text) {
  const auto bytes = model::bytes_of(text);
  return model::read_gguf(*bytes);
}

// The error's message, "" when there is none.
std::string wrong(const std::string& text, ErrorKind kind = ErrorKind::invalid) {
  const auto header = read(text);
  if (header) return "";
  CHECK(header.error().kind == kind);
  return header.error().message;
}

// Counts what is read, in front of a file as large as it says.
class Counted final : public model::Bytes {
 public:
  Counted(std::string head, std::uint64_t size) : head_(std::move(head)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<char> into) override {
    furthest = std::max(furthest, offset + into.size());
    for (std::size_t i = 0; i < into.size(); ++i)
      into[i] = offset + i < head_.size() ? head_[offset + i] : '\0';
    return {};
  }
  std::uint64_t furthest = 0;

 private:
  std::string head_;
  std::uint64_t size_;
};

}  // namespace

TEST_CASE("model: a GGUF header gives parameters, quantisation, context and what the cache is made of") {
  const auto header = read(fakes::small_model().bytes());
  REQUIRE(header);
  CHECK(header->name == "Small");
  CHECK(header->architecture == "llama");
  CHECK(header->quantisation == "F16");
  CHECK(header->parameters == 3200 + 1024);
  CHECK(header->tensors == 2);
  CHECK(header->tensor_bytes == 6400 + 2048);
  CHECK(header->context == 2048);
  CHECK(header->vocabulary == 100);
  CHECK(header->full.layers == 2);
  CHECK(header->full.width == 2 * 2 * (8 + 8));
  CHECK(header->sliding.layers == 0);
}

TEST_CASE("model: the second version of GGUF is read too") {
  Gguf file(2);
  file.text("general.architecture", "llama").tensor("a", {4}, 0, 16);
  const auto header = read(file.bytes());
  REQUIRE(header);
  CHECK(header->parameters == 4);
}

TEST_CASE("model: of Gemma 3 five layers of six keep a window only, which its files do not say") {
  Gguf file;
  file.text("general.architecture", "gemma3")
      .u32("gemma3.block_count", 18)
      .u32("gemma3.attention.head_count", 4);
  file.u32("gemma3.attention.head_count_kv", 1).u32("gemma3.attention.key_length", 256);
  file.u32("gemma3.attention.value_length", 256).u32("gemma3.attention.sliding_window", 512);
  const auto header = read(file.bytes());
  REQUIRE(header);
  CHECK(header->full.layers == 3);
  CHECK(header->full.width == 3 * 512);
  CHECK(header->sliding.layers == 15);
  CHECK(header->window == 512);
}

TEST_CASE("model: heads and windows that differ from layer to layer are added up") {
  Gguf file;
  file.text("general.architecture", "x").u32("x.block_count", 3).u32("x.embedding_length", 64);
  file.u32("x.attention.head_count", 8).u32s("x.attention.head_count_kv", {1, 0, 4});
  file.u32("x.attention.sliding_window", 16).u32s("x.attention.sliding_window_pattern", {1, 0, 0});
  const auto header = read(file.bytes());
  REQUIRE(header);
  CHECK(header->sliding.layers == 1);
  CHECK(header->sliding.width == 16);
  CHECK(header->full.width == 4 * 16);
}

TEST_CASE("model: the tensors of a GGUF are never read") {
  Gguf file;
  file.text("general.architecture", "llama").tensor("a", {1u << 20, 1u << 12}, 0, 0);
  auto head = file.bytes();
  Counted bytes(head, head.size() + (1ull << 34));
  const auto header = model::read_gguf(bytes);
  REQUIRE(header);
  CHECK(header->tensor_bytes == 1ull << 34);
  CHECK(bytes.furthest <= 256u << 10);
}

TEST_CASE("model: a GGUF that is cut anywhere is wrong, with the byte") {
  const auto whole = fakes::small_model().bytes();
  for (std::size_t size = 0; size < whole.size(); size += 1 + size / 40) {
    CAPTURE(size);
    const auto message = wrong(whole.substr(0, size));
    CHECK(message.contains("at byte"));
  }
  CHECK(wrong(whole.substr(0, whole.size() - 100)).contains("cut short"));
}

TEST_CASE("model: hostile counts and sizes in a GGUF are refused at once") {
  const auto head = [](std::uint64_t tensors, std::uint64_t keys) {
    return "GGUF" + Gguf::number(3, 4) + Gguf::number(tensors, 8) + Gguf::number(keys, 8);
  };
  CHECK(wrong(head(1ull << 63, 0)).contains("counts"));
  CHECK(wrong(head(0, ~0ull)).contains("counts"));
  CHECK(wrong(head(0, 1) + Gguf::number(~0ull, 8)).contains("the name of a key"));
  Gguf list;
  list.raw("a", 9, Gguf::number(8, 4) + Gguf::number(1ull << 61, 8));
  CHECK(wrong(list.bytes()).contains("more bytes"));
  Gguf bytes;
  bytes.raw("a", 9, Gguf::number(0, 4) + Gguf::number(~0ull, 8));
  CHECK(wrong(bytes.bytes()).contains("more bytes"));
  Gguf text;
  text.raw("a", 8, Gguf::number(~0ull, 8));
  CHECK(wrong(text.bytes()).contains("more bytes"));
  CHECK(wrong(Gguf().raw("a", 99, "").bytes()).contains("type 99"));
  CHECK(wrong(Gguf().u32("a", 1).u32("a", 1).bytes()).contains("twice"));
  CHECK(wrong(Gguf().u32("general.alignment", 0).bytes()).contains("alignment"));
}

TEST_CASE("model: GGUF tensors that overlap, lie outside or have impossible shapes are refused") {
  CHECK(
      wrong(Gguf().tensor("a", {64}, 0, 256).tensor_at("b", {64}, 0, 128, 256).bytes()).contains("overlaps"));
  CHECK(wrong(Gguf().tensor_at("a", {64}, 0, 1ull << 40, 256).bytes()).contains("cut short"));
  CHECK(wrong(Gguf().tensor_at("a", {64}, 0, ~0ull - 31, 256).bytes()).contains("2^63"));
  CHECK(wrong(Gguf().tensor_at("a", {64}, 0, 1, 256).bytes()).contains("aligned"));
  CHECK(wrong(Gguf().tensor("a", {1ull << 40, 1ull << 40}, 0, 0).bytes()).contains("2^63"));
  CHECK(wrong(Gguf().tensor("a", {1ull << 62}, 0, 0).bytes()).contains("2^63"));
  CHECK(wrong(Gguf().tensor("a", {33}, 12, 0).bytes()).contains("packs 256"));
  CHECK(wrong(Gguf().tensor("a", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 0, 0).bytes()).contains("dimensions"));
}

TEST_CASE("model: what this version does not understand is not called wrong") {
  CHECK(wrong(Gguf(4).bytes(), ErrorKind::refused).contains("version 4"));
  CHECK(wrong("GGUF" + std::string("\0\0\0\3", 4) + std::string(16, '\0'), ErrorKind::refused)
            .contains("big-endian"));
  Gguf tomorrow;
  tomorrow.tensor("a", {64}, 4000, 256);
  const auto header = read(tomorrow.bytes());
  REQUIRE(header);
  CHECK(header->tensor_bytes == 256);
  Counted endless("GGUF" + Gguf::number(3, 4) + Gguf::number(0, 8) + Gguf::number(1, 8) + Gguf::sized("a") +
                      Gguf::number(9, 4) + Gguf::number(8, 4) + Gguf::number(1ull << 24, 8),
                  1ull << 40);
  const auto far = model::read_gguf(endless);
  REQUIRE(!far);
  CHECK(endless.furthest <= model::largest_gguf_header);
}
