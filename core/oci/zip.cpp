#include "core/oci/zip.hpp"

#include <fmt/format.h>
#include <optional>
#include <sys/stat.h>

#include "core/oci/directory.hpp"
#include "core/oci/partial.hpp"
#include "core/oci/unused.hpp"
#include "core/oci/zip_entries.hpp"
#include "core/oci/zip_writer.hpp"
#include "core/util/base64.hpp"
#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "core/util/value.hpp"

namespace mdl::oci {

namespace {

// Of all that decides the bytes. The name of dependencies says what was asked for, not what was found: their
// files count.
std::string name_of(const std::vector<ZipEntry>& entries) {
  Sha256 hash;
  hash.update("mdl zip 1\n");
  for (const auto& [name, file] : entries)
    hash.update(fmt::format("{}{}{}{}{}{}\n", name, '\0', file->executable ? 'x' : '-', file->link, '\0',
                            file->sha256));
  return hash.finish();
}

std::optional<std::uint64_t> size_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return status.st_size;
}

// What a former call found out; nullopt when there is none, or its file is not there as a whole.
std::optional<std::string> known_digest(const std::string& note, const std::string& path,
                                        std::uint64_t& bytes) {
  const auto text = read_file(note, 4096);
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  const auto size = size_of(path);
  if (!value || !size || static_cast<std::int64_t>(*size) != (*value)["bytes"].as_integer(-1))
    return std::nullopt;
  bytes = *size;
  mark_used(path);
  return (*value)["sha256"].as_string();
}

Result<void> make_zip(const std::vector<ZipEntry>& entries, const std::string& path) {
  MDL_TRY(auto partial, Partial::make_file(path));
  MDL_CHECK(ZipWriter(partial.descriptor()).write(entries));
  if (::fchmod(partial.descriptor(), 0600) != 0 || ::fdatasync(partial.descriptor()) != 0)
    return system_failure(path, "written");
  // Whoever was faster wrote the same bytes, unless what lies there is not whole.
  return partial.replace();
}

}  // namespace

Result<Zip> write_zip(const LayerPlan& plan, const ZipLayout& layout, const std::string& cache) {
  MDL_TRY(const auto entries, zip_entries(plan, layout));
  const auto name = name_of(entries);
  Zip zip{.path = fmt::format("{}/{}.zip", cache, name), .entries = entries.size()};
  for (const auto& entry : entries) zip.unpacked += unpacked_bytes(entry);
  const auto note = fmt::format("{}/{}.json", cache, name);
  if (auto digest = known_digest(note, zip.path, zip.bytes)) {
    zip.sha256 = std::move(*digest);
  } else {
    MDL_CHECK(make_folders(cache));
    remove_left_partials(cache);
    MDL_CHECK(make_zip(entries, zip.path));
    MDL_TRY(zip.sha256, sha256_file(zip.path));
    zip.bytes = size_of(zip.path).value_or(0);
    const auto known = Value::object({{"sha256", zip.sha256}, {"bytes", std::uint64_t{zip.bytes}}});
    MDL_CHECK(write_file(note, dump(known), 0600));
    remove_unused(cache, zip.path, ".zip");
  }
  zip.sha256_base64 = base64(from_hex(zip.sha256).value_or(""));
  return zip;
}

}  // namespace mdl::oci
