#include "core/oci/packages.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "core/oci/directory.hpp"
#include "core/oci/hashing.hpp"
#include "core/oci/installer.hpp"
#include "core/oci/partial.hpp"
#include "core/oci/unpacked.hpp"
#include "core/oci/unused.hpp"
#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "core/util/value.hpp"

namespace mdl::oci {

namespace fs = std::filesystem;

namespace {

constexpr auto suffix = ".packages";
constexpr std::uint64_t longest_list = 256u << 20;

std::string key_of(const PackagesRequest& request) {
  return sha256(fmt::format("mdl packages 1\npython {}\nplatform {}\nglibc {}\n{}", request.python,
                            request.platform, request.glibc, request.requirements));
}

Result<std::vector<Found>> find_files(const std::string& folder) {
  std::vector<Found> found;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    struct stat status {};
    if (::lstat(it->path().c_str(), &status) != 0) return system_failure(it->path(), "read");
    if (!S_ISREG(status.st_mode)) continue;
    auto path = it->path().lexically_relative(folder).string();
    if (!is_utf8(path)) return fail(ErrorKind::invalid, fmt::format("'{}' is not UTF-8", printable(path)));
    found.push_back({.path = std::move(path),
                     .source = it->path(),
                     .link = {},
                     .stat = to_file_stat(status),
                     .executable = (status.st_mode & S_IXUSR) != 0});
  }
  if (error)
    return fail(ErrorKind::unavailable, fmt::format("'{}' could not be read: {}", folder, error.message()));
  std::ranges::sort(found, {}, &Found::path);
  return found;
}

// What lies in the folder, beside it: reading it later costs milliseconds, hashing the files seconds.
Result<Value> describe(const std::string& folder, const std::vector<Package>& packages) {
  MDL_TRY(const auto found, find_files(folder));
  std::vector<ToHash> to_hash;
  for (const auto& file : found) to_hash.push_back({.file = &file, .digest = {}});
  MDL_CHECK(hash_files(to_hash, "", {}));
  Value::Array names, files;
  for (const auto& package : packages) names.push_back(Value::array({package.name, package.version}));
  for (const auto& [file, digest, keep] : to_hash)
    files.push_back(Value::array({file->path, file->stat.bytes, file->executable, digest}));
  return Value::object({{"packages", std::move(names)}, {"files", std::move(files)}});
}

Packages from_description(const Value& value, const std::string& folder) {
  Packages packages;
  for (const auto& item : value["packages"].as_array()) {
    const auto& pair = item.as_array();
    packages.packages.push_back({pair.at(0).as_string(), pair.at(1).as_string()});
  }
  for (const auto& item : value["files"].as_array()) {
    const auto& parts = item.as_array();
    const auto& path = parts.at(0).as_string();
    packages.files.push_back({.path = path,
                              .source = folder + '/' + path,
                              .content = {},
                              .link = {},
                              .bytes = static_cast<std::uint64_t>(parts.at(1).as_integer()),
                              .executable = parts.at(2).as_bool(),
                              .sha256 = parts.at(3).as_string()});
    packages.bytes += packages.files.back().bytes;
  }
  return packages;
}

// Beside and renamed, with its description in it: what is there under its name is whole.
Result<void> install(const PackagesRequest& request, const std::string& folder) {
  MDL_CHECK(make_folders(request.cache));
  remove_left_partials(request.cache);
  MDL_TRY(auto partial, Partial::make_folder(folder));
  const auto list = partial.path() + "/requirements.txt", files = partial.path() + "/files";
  MDL_CHECK(write_file(list, request.requirements, 0600));
  MDL_CHECK(make_folders(files));
  MDL_CHECK(run_installer(request, list, files));
  MDL_TRY(const auto packages, normalize_packages(files));
  MDL_TRY(const auto description, describe(files, packages));
  MDL_CHECK(write_file(partial.path() + "/packages.json", dump(description)));
  if (::syncfs(partial.descriptor()) != 0) return system_failure(folder, "written");
  MDL_CHECK(partial.publish());  // another run was faster: its folder has the same name
  mark_used(folder);
  remove_unused(request.cache, folder, suffix);
  return {};
}

}  // namespace

Result<Packages> install_packages(const PackagesRequest& request) {
  if (request.requirements.empty()) return Packages{};
  const auto folder = fmt::format("{}/{}{}", request.cache, key_of(request), suffix);
  const auto description = folder + "/packages.json";
  if (exists(description))
    mark_used(folder);
  else
    MDL_CHECK(install(request, folder));
  MDL_TRY(const auto text, read_file(description, longest_list));
  MDL_TRY(const auto value, parse_json(text));
  return from_description(value, folder + "/files");
}

LayerPlan with_packages(LayerPlan plan, Packages packages) {
  for (auto& layer : plan.layers) {
    if (layer.kind != LayerKind::dependencies) continue;
    layer.files = std::move(packages.files);
    layer.bytes = packages.bytes;
  }
  return plan;
}

}  // namespace mdl::oci
