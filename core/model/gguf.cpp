#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <optional>

#include "core/model/ggml_types.hpp"
#include "core/model/header.hpp"
#include "core/util/text.hpp"

// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3.
namespace mdl::model {

namespace {

constexpr std::uint64_t most_keys = 100'000, most_tensors = 200'000, longest_key = 65'535;
constexpr std::uint64_t kept_text = 256, kept_items = 4096, most_dimensions = 8;
constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

enum class Kind : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, array, u64, i64, f64 };

// 0: of no fixed size.
std::uint64_t size_of(Kind kind) {
  switch (kind) {
    case Kind::u8:
    case Kind::i8:
    case Kind::boolean:
      return 1;
    case Kind::u16:
    case Kind::i16:
      return 2;
    case Kind::u32:
    case Kind::i32:
    case Kind::f32:
      return 4;
    case Kind::u64:
    case Kind::i64:
    case Kind::f64:
      return 8;
    case Kind::text:
    case Kind::array:
      break;
  }
  return 0;
}

// Names are as long as a hostile file wants.
std::string shown(const std::string& name) { return printable(name.substr(0, 100)); }

bool is_whole_number(Kind kind) {
  return kind != Kind::f32 && kind != Kind::f64 && kind != Kind::text && kind != Kind::array;
}

struct Extent {
  std::uint64_t offset, bytes;
  std::string name;
};

class Reader {
 public:
  explicit Reader(Bytes& bytes) : size_(bytes.size()), in_(bytes, largest_gguf_header) {}

  Result<Header> read() {
    counts();
    for (std::uint64_t i = 0; i < keys_ && in_.ok(); ++i) key();
    for (std::uint64_t i = 0; i < tensors_ && in_.ok(); ++i) tensor();
    if (in_.ok()) data();
    if (!in_.ok()) return in_.error();
    interpret();
    return std::move(header_);
  }

 private:
  void counts() {
    if (in_.text(4) != "GGUF") return in_.fail("it does not begin with GGUF");
    const auto version = in_.u32();
    if (!in_.ok()) return;
    if (std::byteswap(version) == 2 || std::byteswap(version) == 3)
      return in_.fail("the file is in big-endian order, which is not read,", ErrorKind::refused);
    if (version == 0 || version == 1)
      return in_.fail(fmt::format("version {} of GGUF is no longer read by anything", version));
    if (version > 3)
      return in_.fail(fmt::format("version {} of GGUF is not known", version), ErrorKind::refused);
    tensors_ = in_.u64();
    keys_ = in_.u64();
    if (tensors_ > most_tensors || keys_ > most_keys)
      in_.fail(fmt::format("the header counts {} tensors and {} keys", tensors_, keys_));
  }

  std::string name(std::string_view of, std::uint64_t most) {
    const auto size = in_.u64();
    if (size > most) {
      in_.fail(fmt::format("the name of a {} is {} bytes long", of, size));
      return {};
    }
    return in_.text(size);
  }

  void key() {
    const auto name = this->name("key", longest_key);
    const auto kind = in_.u32();
    if (!in_.ok()) return;
    if (kind > static_cast<std::uint32_t>(Kind::f64))
      return in_.fail(fmt::format("the key '{}' has the type {}, which there is not,", shown(name), kind));
    if (!seen_.emplace(name, Kind{kind}).second)
      return in_.fail(fmt::format("the key '{}' is there twice", shown(name)));
    value(name, Kind{kind});
  }

  void value(const std::string& name, Kind kind) {
    if (kind == Kind::array) return array(name);
    if (kind == Kind::text) {
      const auto size = in_.u64();
      if (size <= kept_text)
        texts_[name] = in_.text(size);
      else
        in_.skip(size);
    } else if (is_whole_number(kind)) {
      numbers_[name] = {number(kind)};
    } else {
      in_.skip(size_of(kind));
    }
  }

  std::uint64_t number(Kind kind) {
    switch (size_of(kind)) {
      case 1:
        return in_.u8();
      case 2:
        return in_.u16();
      case 4:
        return in_.u32();
      default:
        return in_.u64();
    }
  }

  void array(const std::string& name) {
    const auto raw = in_.u32();
    const auto count = in_.u64();
    if (!in_.ok()) return;
    if (raw > static_cast<std::uint32_t>(Kind::f64))
      return in_.fail(fmt::format("the list '{}' has items of the type {}", shown(name), raw));
    const Kind kind{raw};
    if (kind == Kind::array)
      return in_.fail(fmt::format("the list '{}' holds lists, which is not read,", shown(name)),
                      ErrorKind::refused);
    counts_[name] = count;
    // A text takes at least its length: this bounds the loop by the file's size.
    const auto least = kind == Kind::text ? 8 : size_of(kind);
    if (count > in_.left() / least) return in_.skip(count > largest / least ? largest : count * least);
    if (kind == Kind::text) {
      for (std::uint64_t i = 0; i < count && in_.ok(); ++i) in_.skip(in_.u64());
    } else if (is_whole_number(kind) && count <= kept_items) {
      auto& items = numbers_[name];
      for (std::uint64_t i = 0; i < count && in_.ok(); ++i) items.push_back(number(kind));
    } else {
      in_.skip(count * least);
    }
  }

  void tensor() {
    auto name = this->name("tensor", longest_key);
    const auto dimensions = in_.u32();
    if (dimensions > most_dimensions)
      return in_.fail(fmt::format("the tensor '{}' has {} dimensions", shown(name), dimensions));
    std::uint64_t count = 1, row = 1;
    for (std::uint32_t i = 0; i < dimensions && in_.ok(); ++i) {
      const auto length = in_.u64();
      if (i == 0) row = length;
      if (length != 0 && count > largest / length)
        return in_.fail(fmt::format("the tensor '{}' has more than 2^63 numbers", shown(name)));
      count *= length;
    }
    const auto type = in_.u32();
    const auto offset = in_.u64();
    if (!in_.ok()) return;
    if (header_.parameters > largest - count) return in_.fail("the tensors have more than 2^63 numbers");
    header_.parameters += count;
    extent(std::move(name), {count, row, type, offset});
  }

  struct Shape {
    std::uint64_t count, row;
    std::uint32_t type;
    std::uint64_t offset;
  };

  void extent(std::string name, const Shape& shape) {
    const auto type = ggml_type(shape.type);
    if (!type) {  // a quantisation of tomorrow: its size is not known
      unknown_types_ = true;
      return;
    }
    if (shape.row % type->block != 0)
      return in_.fail(fmt::format("the rows of the tensor '{}' have {} numbers, and {} packs {} at a time",
                                  shown(name), shape.row, type->name, type->block));
    const auto blocks = shape.count / type->block;
    if (blocks > largest / type->bytes || shape.offset > largest - blocks * type->bytes)
      return in_.fail(fmt::format("the tensor '{}' ends after 2^63 bytes", shown(name)));
    const auto bytes = blocks * type->bytes;
    if (header_.tensor_bytes > largest - bytes) return in_.fail("the tensors have more than 2^63 bytes");
    header_.tensor_bytes += bytes;
    bytes_of_type_[type->id] += bytes;
    extents_.push_back({shape.offset, bytes, std::move(name)});
  }

  // Where the tensors lie: behind the header, aligned, inside the file, one after the other.
  void data() {
    const auto alignment = one("general.alignment").value_or(32);
    if (!std::has_single_bit(alignment) || alignment > (1u << 30))
      return in_.fail(fmt::format("general.alignment is {}, which is no power of two,", alignment));
    const auto begin = (in_.place() + alignment - 1) / alignment * alignment;
    std::ranges::sort(extents_, {},
                      [](const Extent& extent) { return std::pair(extent.offset, extent.bytes); });
    std::uint64_t end = 0;
    for (const auto& extent : extents_) {
      if (extent.offset % alignment != 0)
        return in_.fail(
            fmt::format("the tensor '{}' is not aligned to {} bytes", shown(extent.name), alignment));
      if (extent.offset < end)
        return in_.fail(fmt::format("the tensor '{}' overlaps another one", shown(extent.name)));
      end = extent.offset + extent.bytes;
      if (begin > size_ || end > size_ - begin)
        return in_.fail(
            fmt::format("the file is cut short or wrong: it has {} bytes, and the tensor '{}' ends after {},",
                        size_, shown(extent.name), begin + std::min(end, largest)));
    }
    // Without the sizes of some types, what lies behind the header is what they take.
    if (unknown_types_) header_.tensor_bytes = size_ - std::min(size_, begin);
  }

  std::optional<std::uint64_t> one(const std::string& name) const {
    const auto found = numbers_.find(name);
    if (found == numbers_.end() || found->second.size() != 1) return std::nullopt;
    return found->second.front();
  }

  std::string text(const std::string& name) const {
    const auto found = texts_.find(name);
    return found == texts_.end() ? std::string() : printable(found->second);
  }

  std::optional<std::uint64_t> own(std::string_view name) const {
    return one(header_.architecture + '.' + std::string(name));
  }

  // A figure that may be given once or for each layer.
  std::uint64_t of_layer(std::string_view name, std::size_t layer, std::uint64_t fallback) const {
    const auto found = numbers_.find(header_.architecture + '.' + std::string(name));
    if (found == numbers_.end() || found->second.empty()) return fallback;
    if (found->second.size() == 1) return found->second.front();
    return layer < found->second.size() ? found->second[layer] : fallback;
  }

  void interpret() {
    header_.format = Format::gguf;
    header_.tensors = tensors_;
    header_.name = text("general.name");
    header_.architecture = text("general.architecture");
    header_.context = own("context_length").value_or(0);
    header_.embedding = own("embedding_length").value_or(0);
    header_.feed_forward = of_layer("feed_forward_length", 0, 0);
    if (const auto tokens = counts_.find("tokenizer.ggml.tokens"); tokens != counts_.end())
      header_.vocabulary = tokens->second;
    header_.part = static_cast<std::uint32_t>(std::min<std::uint64_t>(one("split.no").value_or(0), 65'535));
    header_.parts =
        static_cast<std::uint32_t>(std::clamp<std::uint64_t>(one("split.count").value_or(1), 1, 65'535));
    header_.quantisation = gguf_file_type(one("general.file_type").value_or(~0ull));
    if (header_.quantisation.empty() && !bytes_of_type_.empty()) {
      const auto most =
          std::ranges::max_element(bytes_of_type_, {}, [](const auto& entry) { return entry.second; });
      header_.quantisation = ggml_type(most->first)->name;
    }
    attention();
  }

  void attention() {
    // 1000 layers are more than any model has; what is over every bound is not believed.
    constexpr std::uint64_t most_layers = 1000, widest = 1u << 24;
    const auto layers = own("block_count").value_or(0);
    if (layers == 0 || layers > most_layers) return;
    header_.window = own("attention.sliding_window").value_or(0);
    for (std::uint64_t i = 0; i < layers; ++i) {
      const auto heads = of_layer("attention.head_count", i, 0);
      const auto kept = of_layer("attention.head_count_kv", i, heads);
      const auto even = heads == 0 ? 0 : header_.embedding / heads;
      const auto width =
          of_layer("attention.key_length", i, even) + of_layer("attention.value_length", i, even);
      if (kept > widest || width > widest || kept * width > widest) continue;
      auto& kind = slides(i) ? header_.sliding : header_.full;
      ++kind.layers;
      kind.width += kept * width;
    }
  }

  bool slides(std::uint64_t layer) const {
    if (header_.window == 0 || header_.window > largest / 2) return false;
    const auto name = header_.architecture + ".attention.sliding_window_pattern";
    const auto found = numbers_.find(name);
    if (found != numbers_.end() && found->second.size() > 1)
      return layer < found->second.size() && found->second[layer] != 0;
    const auto group = found != numbers_.end() && found->second.size() == 1
                           ? found->second.front()
                           : sliding_pattern(header_.architecture);
    return group > 1 && layer % group < group - 1;
  }

  std::uint64_t size_;
  Cursor in_;
  std::uint64_t tensors_ = 0, keys_ = 0;
  bool unknown_types_ = false;
  Header header_;
  std::map<std::string, Kind> seen_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::vector<std::uint64_t>> numbers_;
  std::map<std::string, std::uint64_t> counts_;  // of lists
  std::map<std::uint32_t, std::uint64_t> bytes_of_type_;
  std::vector<Extent> extents_;
};

}  // namespace

Result<Header> read_gguf(Bytes& bytes) { return Reader(bytes).read(); }

std::string_view to_string(Format format) { return format == Format::gguf ? "GGUF" : "safetensors"; }

void add_part(const Header& part, Header& whole) {
  const auto add = [](std::uint64_t& to, std::uint64_t more) {
    to = more > largest - std::min(to, largest) ? largest : to + more;
  };
  add(whole.parameters, part.parameters);
  add(whole.tensors, part.tensors);
  add(whole.tensor_bytes, part.tensor_bytes);
}

}  // namespace mdl::model
