#include "core/oci/layers.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <numeric>

#include "core/oci/dependencies.hpp"
#include "core/oci/hashing.hpp"
#include "core/oci/select.hpp"
#include "core/oci/stat_cache.hpp"
#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

using FoundFiles = std::vector<Found>;

// Reading less than this twice costs nothing worth saving.
constexpr std::uint64_t worth_keeping = 1u << 20;

// Digests of the selected files, in their order: from the cache, or by reading them.
class Hashing {
 public:
  explicit Hashing(const LayerRequest& request) : request_(request) {
    if (request.stat_cache.empty()) return;
    cache_file_ = fmt::format("{}/{}", request.stat_cache, sha256(request.service.folder).substr(0, 32));
    cache_ = StatCache::load(cache_file_);
  }

  Result<void> run(const std::array<const FoundFiles*, 2>& selected) {
    for (const auto* files : selected)
      for (const auto& file : *files) look_up(file);
    if (to_hash_.empty()) return {};
    auto update = cache_file_.empty() ? std::nullopt : StatCacheUpdate::begin(cache_file_);
    const auto weights = selected[0]->size();
    for (std::size_t i = 0; i < to_hash_.size(); ++i)
      to_hash_[i].keep =
          !request_.store.empty() && positions_[i] < weights && to_hash_[i].file->stat.bytes >= worth_keeping;
    if (std::ranges::any_of(to_hash_, &ToHash::keep)) MDL_CHECK(make_folders(request_.store));
    MDL_CHECK(hash_files(to_hash_, request_.store, request_.on_read));
    for (std::size_t i = 0; i < to_hash_.size(); ++i) digests_[positions_[i]] = std::move(to_hash_[i].digest);
    if (update) save(*update, selected);
    return {};
  }

  Digest take(std::size_t index) { return std::move(digests_[index]); }

 private:
  void look_up(const Found& file) {
    digests_.emplace_back();
    if (!file.link.empty()) return;
    if (auto known = cache_.find(file.path, file.stat)) {
      digests_.back() = std::move(*known);
    } else {
      positions_.push_back(digests_.size() - 1);
      to_hash_.push_back({.file = &file, .digest = {}});
    }
  }

  void save(StatCacheUpdate& update, const std::array<const FoundFiles*, 2>& selected) const {
    StatCache fresh(update.taken_ns());
    std::size_t index = 0;
    for (const auto* files : selected)
      for (const auto& file : *files)
        if (const auto& digest = digests_[index++]; file.link.empty())
          fresh.add(file.path, file.stat, digest);
    update.commit(fresh);
  }

  const LayerRequest& request_;
  std::string cache_file_;
  StatCache cache_;
  std::vector<Digest> digests_;
  std::vector<ToHash> to_hash_;
  std::vector<std::size_t> positions_;  // of to_hash_ in digests_
};

std::vector<File> to_files(FoundFiles found, Hashing& hashing, std::size_t& index) {
  std::vector<File> files;
  files.reserve(found.size());
  for (auto& file : found) {
    const bool is_link = !file.link.empty();
    files.push_back({.path = std::move(file.path),
                     .source = std::move(file.source),
                     .link = std::move(file.link),
                     .bytes = is_link ? 0 : file.stat.bytes,
                     .executable = file.executable,
                     .sha256 = hashing.take(index++)});
  }
  return files;
}

// No path holds a NUL byte, so that two lists never give the same bytes.
Digest digest_of(const std::vector<File>& files) {
  Sha256 hash;
  std::string record;
  for (const auto& file : files) {
    record.assign(file.path).push_back('\0');
    record += file.executable ? 'x' : '-';
    record.append(file.link).push_back('\0');
    record.append(file.sha256).push_back('\n');
    hash.update(record);
  }
  return hash.finish();
}

Layer make_layer(LayerKind kind, std::vector<File> files) {
  Layer layer{.kind = kind, .digest = digest_of(files), .files = std::move(files)};
  for (const auto& file : layer.files) layer.bytes += file.bytes;
  return layer;
}

// What is fetched stands in the place of a local file of that path.
void add_remotes(const std::vector<Remote>& remotes, std::vector<File>& weights) {
  for (const auto& remote : remotes) {
    const auto path = std::filesystem::path(remote.path).lexically_normal().string();
    std::erase_if(weights, [&](const File& file) { return file.path == path; });
    weights.push_back(
        {.path = path, .source = remote.stored, .bytes = remote.bytes, .sha256 = remote.sha256});
  }
  std::ranges::sort(weights, {}, &File::path);
}

Result<Layer> dependencies(const LayerRequest& request) {
  MDL_TRY(auto text, requirements_text(request));
  const auto key = fmt::format("python {}\nplatform {}\n{}", request.python, request.platform, text);
  return Layer{
      .kind = LayerKind::dependencies, .digest = sha256(key), .bytes = 0, .files = {}, .requirements = text};
}

Result<std::vector<File>> front_files(std::vector<File> files) {
  for (auto& file : files) {
    const std::filesystem::path path(file.path);
    if (file.path.empty() || path.is_absolute() || path.lexically_normal() != path || *path.begin() == "..")
      return fail(ErrorKind::internal,
                  fmt::format("a generated file has the path '{}'", printable(file.path)));
    file.bytes = file.content.size();
    file.sha256 = sha256(file.content);
  }
  std::ranges::sort(files, {}, &File::path);
  return files;
}

Result<void> check_stated_digests(const manifest::Service& service, const std::vector<File>& weights) {
  for (std::size_t i = 0; i < service.model.size(); ++i) {
    const auto& model = service.model[i];
    if (model.sha256.empty()) continue;
    const auto path = std::filesystem::path(model.path).lexically_normal().string();
    const auto file = std::ranges::lower_bound(weights, path, {}, &File::path);
    if (file == weights.end() || file->path != path || file->sha256 == model.sha256) continue;
    return fail(
        Error{.kind = ErrorKind::invalid,
              .message = fmt::format("'{}' is not the file that the manifest states: its SHA-256 is {}",
                                     printable(model.path), file->sha256),
              .resource = model.path,
              .where = service.source_of(fmt::format("model.{}.sha256", i))});
  }
  return {};
}

}  // namespace

std::string_view to_string(LayerKind kind) {
  switch (kind) {
    case LayerKind::dependencies:
      return "dependencies";
    case LayerKind::application:
      return "application";
    case LayerKind::weights:
      return "weights";
    case LayerKind::front:
      return "front";
  }
  return "";
}

Digest LayerPlan::digest() const {
  std::string text = "mdl artifact 1\n";
  for (const auto& layer : layers) text += fmt::format("{} {}\n", to_string(layer.kind), layer.digest);
  return sha256(text);
}

std::uint64_t LayerPlan::bytes() const {
  return std::accumulate(layers.begin(), layers.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Layer& layer) { return sum + layer.bytes; });
}

const Layer* LayerPlan::find(LayerKind kind) const {
  const auto found = std::ranges::find(layers, kind, &Layer::kind);
  return found == layers.end() ? nullptr : &*found;
}

Result<LayerPlan> plan_layers(const LayerRequest& request) {
  LayerPlan plan;
  if (!request.python.empty()) {
    MDL_TRY(auto layer, dependencies(request));
    plan.layers.push_back(std::move(layer));
  }
  MDL_TRY(auto front, front_files(request.front));
  MDL_TRY(auto selection, select_files(request.service));
  Hashing hashing(request);
  MDL_CHECK(hashing.run({&selection.weights, &selection.application}));
  std::size_t index = 0;
  auto weights = to_files(std::move(selection.weights), hashing, index);
  auto application = to_files(std::move(selection.application), hashing, index);
  add_remotes(request.remotes, weights);
  MDL_CHECK(check_stated_digests(request.service, weights));
  plan.remotes = request.remotes;
  if (!front.empty()) plan.layers.push_back(make_layer(LayerKind::front, std::move(front)));
  if (!weights.empty()) plan.layers.push_back(make_layer(LayerKind::weights, std::move(weights)));
  plan.layers.push_back(make_layer(LayerKind::application, std::move(application)));
  return plan;
}

}  // namespace mdl::oci
