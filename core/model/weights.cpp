#include "core/model/weights.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

#include "core/model/header_cache.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "core/util/value.hpp"

namespace mdl::model {

namespace {

constexpr std::uint64_t largest_text = 16u << 20;  // of config.json and of an index of shards
constexpr std::uint64_t first_beginning = 1u << 20, longest_beginning = 16u << 20;

bool ends(const std::string& path, std::string_view end) { return lower_case(path).ends_with(end); }

bool ends_like_a_pickle(const std::string& path) {
  constexpr std::array<std::string_view, 7> endings{".pt",     ".pth",  ".joblib", ".pkl",
                                                    ".pickle", ".ckpt", ".dill"};
  return std::ranges::any_of(endings, [&](std::string_view end) { return ends(path, end); });
}

// What lies beside weights and takes no memory worth counting.
bool is_beside(const std::string& path) {
  constexpr std::array<std::string_view, 8> endings{".json",  ".txt",   ".md",   ".py",
                                                    ".jinja", ".model", ".yaml", ".yml"};
  return std::ranges::any_of(endings, [&](std::string_view end) { return ends(path, end); });
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

struct Part {
  std::string stem;  // of the whole
  std::size_t number = 0, of = 1;
};

// "base-00001-of-00004.gguf": how llama.cpp and the hub name the files of one model.
std::optional<Part> part_of(const std::string& path, std::string_view end) {
  constexpr std::size_t length = std::string_view("-00001-of-00004").size();
  if (!ends(path, end) || path.size() < end.size() + length) return std::nullopt;
  const auto stem = std::string_view(path).substr(0, path.size() - end.size());
  const auto tail = stem.substr(stem.size() - length);
  const auto number = parse_integer(tail.substr(1, 5)), of = parse_integer(tail.substr(10, 5));
  if (tail[0] != '-' || tail.substr(6, 4) != "-of-" || !number || !of || *number < 1 || *number > *of)
    return std::nullopt;
  return Part{std::string(stem.substr(0, stem.size() - length)), static_cast<std::size_t>(*number),
              static_cast<std::size_t>(*of)};
}

class Look {
 public:
  Look(std::span<const WeightsFile> files, const std::string& cache, std::int64_t now_ns)
      : files_(files), cache_(cache, now_ns == 0 ? file_clock_ns() : now_ns) {
    for (const auto& file : files_) by_path_.emplace(file.path, &file);
  }

  Findings all() {
    for (const auto& [path, file] : by_path_) {
      if (is_pickle(*file)) findings_.pickles.push_back(path);
      if (ends(path, ".gguf"))
        add(path, ".gguf");
      else if (ends(path, ".safetensors"))
        add(path, ".safetensors");
      else if (!is_beside(path))
        findings_.models.push_back({.path = path, .files = 1, .bytes = file->bytes, .header = {}});
    }
    for (auto& [name, group] : groups_) whole(group);
    for (const auto& [path, file] : by_path_)
      if (ends(path, ".safetensors.index.json") && !file->source.empty()) index(path, file->source);
    std::ranges::sort(findings_.models, {}, &Model::path);
    for (const auto& model : findings_.models) findings_.bytes += model.bytes;
    return std::move(findings_);
  }

 private:
  // Many formats call their files .bin.
  bool is_pickle(const WeightsFile& file) {
    if (ends_like_a_pickle(file.path)) return true;
    return ends(file.path, ".bin") && !file.source.empty() && cache_.begins_like_a_pickle(file.source);
  }

  void add(const std::string& path, std::string_view end) {
    const auto part = part_of(path, end);
    if (!part) return single(*by_path_.at(path), end == ".gguf" ? Format::gguf : Format::safetensors);
    auto& group = groups_[part->stem + fmt::format(" {}", part->of) + std::string(end)];
    group.of = part->of;
    group.format = end == ".gguf" ? Format::gguf : Format::safetensors;
    group.parts[part->number] = by_path_.at(path);
  }

  void fault(const std::string& path, Error error) { findings_.faults.push_back({path, std::move(error)}); }

  // nullopt, with a fault noted unless it is not here yet.
  std::optional<Header> read(const WeightsFile& file, Format format) {
    Result<Header> header = fail(ErrorKind::not_found, "it is not here");
    if (!file.source.empty()) header = cache_.header(file.source, format);
    if (is_absent(header) && file.beginning) header = read_beginning(file, format);
    if (header) return std::move(*header);
    if (!is_absent(header)) fault(file.path, std::move(header).error());
    return std::nullopt;
  }

  static bool is_absent(const Result<Header>& header) {
    return !header && header.error().kind == ErrorKind::not_found;
  }

  // From the start each time: a source that cannot give another part than the first cannot mislead.
  static Result<Header> read_beginning(const WeightsFile& file, Format format) {
    Result<Header> header = fail(ErrorKind::not_found, "it is not here");
    for (auto size = first_beginning; is_absent(header) && size <= longest_beginning; size *= 4) {
      const auto text = file.beginning(std::min(size, file.bytes));
      if (!text) break;  // whether it can be had at all is seen when it is fetched
      const auto bytes = beginning_of(*text, file.bytes);
      header = format == Format::gguf ? read_gguf(*bytes) : read_safetensors(*bytes);
      if (text->size() == file.bytes) break;
    }
    return header;
  }

  void single(const WeightsFile& file, Format format) {
    Model model{.path = file.path, .files = 1, .bytes = file.bytes, .header = read(file, format)};
    if (model.header) {
      configure(file.path, *model.header);
      if (model.header->parts > 1)
        fault(file.path, {.kind = ErrorKind::invalid,
                          .message = fmt::format("it is part {} of {}, and its name does not say so",
                                                 model.header->part + 1, model.header->parts),
                          .code = "parts"});
    }
    findings_.models.push_back(std::move(model));
  }

  struct Several {
    std::size_t of = 1;
    Format format = Format::gguf;
    std::map<std::size_t, const WeightsFile*> parts;
  };

  void whole(Several& group) {
    const auto& first = *group.parts.begin()->second;
    Model model{.path = first.path, .files = group.parts.size(), .bytes = 0, .header = {}};
    bool complete = true;
    for (const auto& [number, file] : group.parts) {
      model.bytes += file->bytes;
      auto header = read(*file, group.format);
      complete = complete && header.has_value();
      if (!header) continue;
      if (model.header)
        add_part(*header, *model.header);
      else
        model.header = std::move(header);
    }
    if (group.parts.size() != group.of) {
      std::size_t missing = 1;
      while (group.parts.contains(missing)) ++missing;
      fault(first.path, {.kind = ErrorKind::invalid,
                         .message = fmt::format("part {} of its {} is missing", missing, group.of),
                         .code = "parts"});
    }
    if (!complete) model.header.reset();
    if (model.header) configure(first.path, *model.header);
    findings_.models.push_back(std::move(model));
  }

  // What safetensors do not say stands in the config.json beside them.
  void configure(const std::string& path, Header& header) {
    if (header.format != Format::safetensors) return;
    const auto config = by_path_.find(folder_of(path) + "config.json");
    if (config == by_path_.end() || config->second->source.empty()) return;
    const auto text = read_file(config->second->source, largest_text);
    if (!text) return;
    if (auto added = add_config(*text, header); !added) fault(config->first, std::move(added).error());
  }

  // Every shard that an index names must be there.
  void index(const std::string& path, const std::string& source) {
    const auto text = read_file(source, largest_text);
    if (!text) return;
    const auto value = parse_json(*text, 8);
    if (!value) return fault(path, value.error());
    std::set<std::string> missing;
    for (const auto& [tensor, file] : (*value)["weight_map"].as_object())
      if (!by_path_.contains(folder_of(path) + file.as_string())) missing.insert(file.as_string());
    if (missing.empty()) return;
    fault(path, {.kind = ErrorKind::invalid,
                 .message = fmt::format(
                     "it names '{}'{}, which is not there", printable(missing.begin()->substr(0, 200)),
                     missing.size() == 1 ? "" : fmt::format(" and {} more files", missing.size() - 1)),
                 .code = "parts"});
  }

  std::span<const WeightsFile> files_;
  HeaderCache cache_;
  std::map<std::string, const WeightsFile*> by_path_;
  std::map<std::string, Several> groups_;
  Findings findings_;
};

}  // namespace

Findings look_at(std::span<const WeightsFile> files, const std::string& cache, std::int64_t now_ns) {
  return Look(files, cache, now_ns).all();
}

}  // namespace mdl::model
