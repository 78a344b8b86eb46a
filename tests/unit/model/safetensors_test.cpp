#include <doctest/doctest.h>

#include "core/model/header.hpp"
#include "tests/fakes/weights.hpp"

using namespace mdl;

namespace {

Result<model::Header> read(const std::string& text) {
  const auto bytes = model::bytes_of(text);
  return model::read_safetensors(*bytes);
}

std::string wrong(std::string_view json, std::size_t data, ErrorKind kind = ErrorKind::invalid) {
  const auto header = read(fakes::safetensors(json, data));
  if (header) return "";
  CHECK(header.error().kind == kind);
  return header.error().message;
}

}  // namespace

TEST_CASE("model: a safetensors header gives parameters, bytes and the type of most of them") {
  const auto header = read(fakes::safetensors(
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[4,8],"data_offsets":[0,64]},"b":{"dtype":"F32","shape":[],"data_offsets":[64,68]}})",
      68));
  REQUIRE(header);
  CHECK(header->format == model::Format::safetensors);
  CHECK(header->parameters == 33);
  CHECK(header->tensor_bytes == 68);
  CHECK(header->quantisation == "BF16");
}

TEST_CASE("model: a safetensors file that is cut is wrong") {
  const auto whole = fakes::safetensors(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 16);
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK(!read(whole.substr(0, size)));
  CHECK(read(whole));
}

TEST_CASE("model: hostile safetensors headers are refused") {
  CHECK(
      wrong(
          R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}})",
          24)
          .contains("overlaps"));
  CHECK(wrong(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}})", 16).contains("no range"));
  CHECK(wrong(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}})", 16).contains("no range"));
  CHECK(wrong(R"({"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,16]}})", 16)
            .contains("2^63"));
  CHECK(wrong(R"({"a":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,16]}})", 16)
            .contains("numbers of F32"));
  CHECK(wrong(R"({"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,16]}})", 16)
            .contains("whole numbers"));
  CHECK(wrong(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,160]}})", 16).contains("cut short"));
  CHECK(wrong(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 32).contains("the file has 32"));
  CHECK(wrong(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}})", 32).contains("gap"));
  CHECK(wrong(R"({"a":1})", 0).contains("no shape"));
  CHECK(wrong("[]", 0).contains("no JSON object"));
  CHECK(!read(fakes::Gguf::number(~0ull, 8) + "{}"));
}

TEST_CASE("model: config.json beside safetensors gives context and cache") {
  model::Header header{.format = model::Format::safetensors};
  REQUIRE(model::add_config(
      R"({"architectures":["LlamaForCausalLM"],"hidden_size":64,"num_hidden_layers":3,"num_attention_heads":8,"num_key_value_heads":2,"max_position_embeddings":8192,"vocab_size":1000})",
      header));
  CHECK(header.architecture == "LlamaForCausalLM");
  CHECK(header.context == 8192);
  CHECK(header.full.layers == 3);
  CHECK(header.full.width == 3 * 2 * 2 * 8);
}

TEST_CASE("model: config.json of a model that sees, with sliding layers by name") {
  model::Header header;
  REQUIRE(model::add_config(
      R"({"model_type":"gemma3","text_config":{"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"head_dim":32,"sliding_window":512,"layer_types":["sliding_attention","full_attention"]}})",
      header));
  CHECK(header.architecture == "gemma3");
  CHECK(header.full.layers == 1);
  CHECK(header.sliding.width == 4 * 2 * 32);
  CHECK(!model::add_config("[1]", header));
  CHECK(
      model::add_config(R"({"num_hidden_layers":-1,"num_attention_heads":"x","hidden_size":1e300})", header));
}
