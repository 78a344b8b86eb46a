#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "core/oci/copy.hpp"
#include "core/oci/layers.hpp"
#include "core/oci/partial.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

std::unexpected<Error> not_written(const std::string& path) {
  return fail(Error{.kind = ErrorKind::failed,
                    .message = fmt::format("'{}' could not be written", printable(path)),
                    .quoted = std::strerror(errno),
                    .resource = path});
}

std::string parent_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

Result<void> write_file_at(const File& file, const std::string& path) {
  const Descriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!descriptor) return not_written(path);
  return write_bytes(file, descriptor.get());
}

bool is_whole(const std::string& path, const File& file) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) == file.bytes;
}

// Brings a file into the store under its digest, if it is not there.
Result<void> store_file(const File& file, const std::string& path) {
  if (is_whole(path, file)) return {};
  MDL_TRY(auto partial, Partial::make_file(path));
  MDL_CHECK(write_bytes(file, partial.descriptor()));
  // It gets its name only once the bytes are on the disk, since a name in the store is believed.
  if (::fdatasync(partial.descriptor()) != 0) return not_written(path);
  MDL_TRY(const bool published, partial.publish());
  if (published || is_whole(path, file)) return {};
  return partial.replace();
}

class Writer {
 public:
  Writer(const std::string& root, const std::string& store) : root_(root), store_(store) {}

  Result<void> write(const LayerPlan& plan) {
    MDL_CHECK(make_folders(root_ + "/app", 0755));
    MDL_CHECK(make_folders(root_ + "/front", 0755));
    for (const auto& layer : plan.layers) {
      if (layer.kind == LayerKind::dependencies) continue;
      const auto below = root_ + (layer.kind == LayerKind::front ? "/front/" : "/app/");
      for (const auto& file : layer.files) MDL_CHECK(write(layer.kind, file, below + file.path));
    }
    return {};
  }

 private:
  Result<void> write(LayerKind kind, const File& file, const std::string& path) {
    // Files come sorted: most lie in the folder of the one before.
    if (auto folder = parent_of(path); folder != folder_) {
      MDL_CHECK(make_folders(folder, 0755));
      folder_ = std::move(folder);
    }
    if (!file.link.empty()) {
      if (::symlink(file.link.c_str(), path.c_str()) != 0) return not_written(path);
      return {};
    }
    return kind == LayerKind::weights ? write_weights(file, path) : write_file_at(file, path);
  }

  Result<void> write_weights(const File& file, const std::string& path) {
    const auto stored = store_ + '/' + file.sha256;
    for (int attempt = 0; attempt < 3; ++attempt) {
      MDL_CHECK(store_file(file, stored));
      if (::link(stored.c_str(), path.c_str()) == 0) return {};
      if (errno != ENOENT) break;  // else it was removed or replaced in between
    }
    // The store is on another file system, or the file has as many names as it can have.
    if (errno != EXDEV && errno != EMLINK && errno != EPERM && errno != EOPNOTSUPP) return not_written(path);
    File copied = file;
    copied.source = stored;
    return write_file_at(copied, path);
  }

  std::string root_, store_, folder_;
};

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

Result<void> write_folder(const LayerPlan& plan, const std::string& folder, const std::string& store) {
  if (is_folder(folder)) return {};
  const auto parent = parent_of(folder);
  MDL_CHECK(make_folders(parent));
  MDL_CHECK(make_folders(store));
  remove_left_partials(parent);
  remove_left_partials(store);
  MDL_TRY(auto partial, Partial::make_folder(folder));
  MDL_CHECK(Writer(partial.path(), store).write(plan));
  // An existing folder is believed, so its files must be on the disk before it has its name. One call for the
  // whole file system costs less than one for each of many small files.
  if (::syncfs(partial.descriptor()) != 0) return not_written(folder);
  MDL_TRY(const bool published, partial.publish());
  if (published || is_folder(folder)) return {};
  errno = ENOTDIR;
  return not_written(folder);
}

}  // namespace mdl::oci
