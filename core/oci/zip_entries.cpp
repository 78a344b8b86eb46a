#include "core/oci/zip_entries.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "core/oci/zip_format.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

struct Placed {
  LayerKind kind;
  const File* file;
};
using Places = std::map<std::string, Placed>;

const std::string& folder_of(LayerKind kind, const ZipLayout& layout) {
  if (kind == LayerKind::dependencies) return layout.dependencies;
  return kind == LayerKind::front ? layout.front : layout.service;
}

std::unexpected<Error> collision(const std::string& name, LayerKind one, LayerKind other) {
  return fail(Error{.kind = ErrorKind::invalid,
                    .message = fmt::format("'{}' would stand in the zip twice: for {} and for {}",
                                           printable(name), to_string(one), to_string(other)),
                    .resource = name});
}

Result<void> place(Places& places, LayerKind kind, const File& file, std::string name) {
  const auto [at, is_new] = places.try_emplace(std::move(name), kind, &file);
  if (is_new) return {};
  auto& [old_kind, old_file] = at->second;
  // An import finds the application's file first.
  if (old_kind == LayerKind::dependencies && kind != LayerKind::dependencies) {
    at->second = {kind, &file};
    return {};
  }
  if (kind == LayerKind::dependencies && old_kind != LayerKind::dependencies) return {};
  return collision(at->first, old_kind, kind);
}

// No file may be the folder of another one.
Result<void> check_folders(const Places& places) {
  for (const auto& [name, placed] : places)
    for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
      if (const auto file = places.find(name.substr(0, slash)); file != places.end())
        return collision(file->first, file->second.kind, placed.kind);
  return {};
}

}  // namespace

std::uint64_t unpacked_bytes(const ZipEntry& entry) {
  return entry.file->link.empty() ? entry.file->bytes : entry.file->link.size();
}

Result<std::vector<ZipEntry>> zip_entries(const LayerPlan& plan, const ZipLayout& layout) {
  Places places;
  for (const auto& layer : plan.layers) {
    if (layer.kind == LayerKind::dependencies && layer.files.empty() && !layer.requirements.empty())
      return fail(ErrorKind::internal, "the packages of the dependencies layer were not installed");
    const auto& folder = folder_of(layer.kind, layout);
    for (const auto& file : layer.files)
      MDL_CHECK(place(places, layer.kind, file, folder.empty() ? file.path : folder + '/' + file.path));
  }
  MDL_CHECK(check_folders(places));
  std::vector<ZipEntry> entries;
  entries.reserve(places.size());
  for (const auto& [name, placed] : places) {
    if (name.size() > zip::longest_name)
      return fail(ErrorKind::invalid,
                  fmt::format("'{}…' is too long a name for a zip", printable(name.substr(0, 80))));
    entries.push_back({name, placed.file});
  }
  return entries;
}

Result<ZipSize> zip_size(const LayerPlan& plan, const ZipLayout& layout) {
  MDL_TRY(const auto entries, zip_entries(plan, layout));
  ZipSize size{.entries = entries.size()};
  size.packed_at_most = zip::longest_end;
  for (const auto& entry : entries) {
    const auto bytes = unpacked_bytes(entry);
    size.unpacked += bytes;
    size.packed_at_most += bytes + zip::overhead(entry.name.size(), bytes);
  }
  return size;
}

}  // namespace mdl::oci
