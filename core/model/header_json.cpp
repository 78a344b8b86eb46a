#include "core/model/header_json.hpp"

namespace mdl::model {

namespace {

Value to_value(const Attention& attention) {
  return Value::object({{"layers", std::int64_t{attention.layers}}, {"width", attention.width}});
}

std::uint64_t number(const Value& value) { return static_cast<std::uint64_t>(value.as_integer()); }

Attention attention_from(const Value& value) {
  return {.layers = static_cast<std::uint32_t>(value["layers"].as_integer()),
          .width = number(value["width"])};
}

}  // namespace

Value to_value(const Header& header) {
  return Value::object({{"format", to_string(header.format)},
                        {"name", header.name},
                        {"architecture", header.architecture},
                        {"quantisation", header.quantisation},
                        {"parameters", header.parameters},
                        {"tensors", header.tensors},
                        {"tensor_bytes", header.tensor_bytes},
                        {"context", header.context},
                        {"embedding", header.embedding},
                        {"feed_forward", header.feed_forward},
                        {"vocabulary", header.vocabulary},
                        {"full", to_value(header.full)},
                        {"sliding", to_value(header.sliding)},
                        {"window", header.window},
                        {"part", std::int64_t{header.part}},
                        {"parts", std::int64_t{header.parts}}});
}

Header header_from(const Value& value) {
  Header header;
  header.format = value["format"].as_string() == to_string(Format::gguf) ? Format::gguf : Format::safetensors;
  header.name = value["name"].as_string();
  header.architecture = value["architecture"].as_string();
  header.quantisation = value["quantisation"].as_string();
  header.parameters = number(value["parameters"]);
  header.tensors = number(value["tensors"]);
  header.tensor_bytes = number(value["tensor_bytes"]);
  header.context = number(value["context"]);
  header.embedding = number(value["embedding"]);
  header.feed_forward = number(value["feed_forward"]);
  header.vocabulary = number(value["vocabulary"]);
  header.full = attention_from(value["full"]);
  header.sliding = attention_from(value["sliding"]);
  header.window = number(value["window"]);
  header.part = static_cast<std::uint32_t>(value["part"].as_integer());
  header.parts = static_cast<std::uint32_t>(value["parts"].as_integer(1));
  return header;
}

}  // namespace mdl::model
