#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <optional>

#include "core/model/header.hpp"
#include "core/util/text.hpp"
#include "core/util/value.hpp"

// The format: https://huggingface.co/docs/safetensors, "Format".
namespace mdl::model {

namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t most_tensors = 200'000;

struct Type {
  std::string_view name;
  std::uint64_t bits;
};
constexpr std::array types{Type{"BOOL", 8},    Type{"U8", 8},      Type{"I8", 8},      Type{"F8_E4M3", 8},
                           Type{"F8_E5M2", 8}, Type{"F8_E8M0", 8}, Type{"F4", 4},      Type{"I16", 16},
                           Type{"U16", 16},    Type{"F16", 16},    Type{"BF16", 16},   Type{"I32", 32},
                           Type{"U32", 32},    Type{"F32", 32},    Type{"I64", 64},    Type{"U64", 64},
                           Type{"F64", 64},    Type{"C64", 64},    Type{"F6_E2M3", 6}, Type{"F6_E3M2", 6}};

std::unexpected<Error> wrong(std::string message, ErrorKind kind = ErrorKind::invalid) {
  return fail(Error{.kind = kind, .message = std::move(message), .code = "header"});
}

// A whole number that is not negative: JSON may hold anything.
std::optional<std::uint64_t> count_of(const Value& value) {
  if (!value.is_integer() || value.as_integer() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value.as_integer());
}

struct Extent {
  std::uint64_t begin, end;
  std::string_view name;
};

class Reader {
 public:
  Reader(const Value& tensors, std::uint64_t data) : tensors_(tensors), data_(data) {}

  Result<Header> read() {
    header_.format = Format::safetensors;
    if (tensors_.as_object().size() > most_tensors)
      return wrong(fmt::format("the header names {} tensors", tensors_.as_object().size()));
    for (const auto& [name, tensor] : tensors_.as_object())
      if (name != "__metadata__") MDL_CHECK(add(name, tensor));
    MDL_CHECK(places());
    if (!bytes_of_type_.empty())
      header_.quantisation =
          std::ranges::max_element(bytes_of_type_, {}, [](const auto& entry) { return entry.second; })->first;
    return std::move(header_);
  }

 private:
  Result<void> add(const std::string& name, const Value& tensor) {
    const auto of = fmt::format("the tensor '{}'", printable(name.substr(0, 200)));
    if (!tensor["shape"].is_array() || !tensor["data_offsets"].is_array() ||
        tensor["data_offsets"].as_array().size() != 2)
      return wrong(of + " has no shape or no data_offsets");
    std::uint64_t numbers = 1;
    for (const auto& item : tensor["shape"].as_array()) {
      const auto length = count_of(item);
      if (!length) return wrong(of + " has a shape that is no list of whole numbers");
      if (*length != 0 && numbers > largest / *length) return wrong(of + " has more than 2^63 numbers");
      numbers *= *length;
    }
    const auto begin = count_of(tensor["data_offsets"].as_array()[0]);
    const auto end = count_of(tensor["data_offsets"].as_array()[1]);
    if (!begin || !end || *end < *begin) return wrong(of + " has data_offsets that are no range");
    if (*end > data_)
      return wrong(
          fmt::format("the file is cut short or wrong: {} ends after {} bytes of data, and there are {}", of,
                      *end, data_));
    MDL_CHECK(check_size(of, tensor["dtype"].as_string(), numbers, *end - *begin));
    extents_.push_back({*begin, *end, name});
    if (header_.parameters > largest - numbers) return wrong("the tensors have more than 2^63 numbers");
    header_.parameters += numbers;
    ++header_.tensors;
    header_.tensor_bytes += *end - *begin;  // without overlaps at most the file
    return {};
  }

  Result<void> check_size(const std::string& of, const std::string& type, std::uint64_t numbers,
                          std::uint64_t bytes) {
    const auto known = std::ranges::find(types, type, &Type::name);
    if (known == types.end()) {
      bytes_of_type_[printable(type.substr(0, 20))] += bytes;
      return {};
    }
    bytes_of_type_[type] += bytes;
    if (numbers > largest / known->bits || (numbers * known->bits + 7) / 8 != bytes)
      return wrong(fmt::format("{} has {} numbers of {} in {} bytes", of, numbers, type, bytes));
    return {};
  }

  Result<void> places() {
    std::ranges::sort(extents_, {}, [](const Extent& extent) { return std::pair(extent.begin, extent.end); });
    std::uint64_t end = 0;
    for (const auto& extent : extents_) {
      if (extent.begin != end)
        return wrong(fmt::format("the tensor '{}' {}", printable(extent.name.substr(0, 200)),
                                 extent.begin < end ? "overlaps another one" : "leaves a gap before it"));
      end = extent.end;
    }
    if (end != data_)
      return wrong(fmt::format("the tensors end after {} bytes of data, and the file has {}", end, data_));
    return {};
  }

  const Value& tensors_;
  std::uint64_t data_;
  Header header_;
  std::map<std::string, std::uint64_t> bytes_of_type_;
  std::vector<Extent> extents_;
};

// The first member of these names that holds a number; 0: none does.
std::uint64_t figure(const Value& config, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto number = count_of(config[name]); number && *number < (1ull << 40)) return *number;
  return 0;
}

// Layers that slide: by name, by a pattern, or all of them when only a window is stated.
std::uint64_t sliding_layers(const Value& config, std::uint64_t layers) {
  if (const auto& kinds = config["layer_types"]; kinds.is_array())
    return static_cast<std::uint64_t>(std::ranges::count_if(
        kinds.as_array(), [](const Value& type) { return type.as_string() == "sliding_attention"; }));
  if (config["use_sliding_window"].is_bool() && !config["use_sliding_window"].as_bool()) return 0;
  if (const auto group = figure(config, {"sliding_window_pattern"}); group > 1)
    return layers - layers / group;
  return layers;
}

}  // namespace

Result<Header> read_safetensors(Bytes& bytes) {
  Cursor in(bytes, largest_safetensors_header);
  const auto size = in.u64();
  if (in.ok() && size > bytes.size() - 8)
    in.fail(fmt::format("the header is {} bytes long, and the file {},", size, bytes.size()));
  else if (in.ok() && size > largest_safetensors_header - 8)
    in.fail(fmt::format("the header is {} bytes long, more than is read,", size), ErrorKind::refused);
  const auto text = in.text(size);
  if (!in.ok()) return in.error();
  auto tensors = parse_json(text, 8);
  if (!tensors || !tensors->is_object())
    return wrong("the header is no JSON object" + (tensors ? "" : ": " + printable(tensors.error().message)));
  return Reader(*tensors, bytes.size() - in.place()).read();
}

Result<void> add_config(std::string_view json, Header& header) {
  MDL_TRY(const auto whole, parse_json(json));
  if (!whole.is_object()) return wrong("config.json is no JSON object");
  // Models that see keep what concerns the text apart.
  const auto& config = whole["text_config"].is_object() ? whole["text_config"] : whole;
  const auto& names = whole["architectures"].as_array();
  header.architecture =
      printable(names.empty() ? whole["model_type"].as_string() : names.front().as_string()).substr(0, 100);
  header.context = figure(config, {"max_position_embeddings", "n_positions", "n_ctx", "seq_length"});
  header.embedding = figure(config, {"hidden_size", "n_embd", "d_model"});
  header.feed_forward = figure(config, {"intermediate_size", "n_inner", "d_ff"});
  header.vocabulary = figure(config, {"vocab_size"});
  const auto layers = figure(config, {"num_hidden_layers", "n_layer", "num_layers"});
  const auto heads = figure(config, {"num_attention_heads", "n_head", "num_heads"});
  if (layers == 0 || layers > 1000 || heads == 0) return {};
  auto kept = figure(config, {"num_key_value_heads", "num_kv_heads"});
  if (kept == 0) kept = config["multi_query"].as_bool() ? 1 : heads;
  auto length = figure(config, {"head_dim"});
  if (length == 0) length = header.embedding / heads;
  constexpr std::uint64_t widest = 1u << 24;
  if (kept > widest || length > widest || kept * length > widest) return {};
  header.window = figure(config, {"sliding_window"});
  const auto slide = header.window == 0 ? 0 : std::min(layers, sliding_layers(config, layers));
  header.full = {static_cast<std::uint32_t>(layers - slide), (layers - slide) * kept * 2 * length};
  header.sliding = {static_cast<std::uint32_t>(slide), slide * kept * 2 * length};
  return {};
}

}  // namespace mdl::model
