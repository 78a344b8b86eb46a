#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "core/oci/copy.hpp"
#include "core/oci/layers.hpp"
#include "core/oci/partial.hpp"
#include "core/util/digest.hpp"
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
  if (file.source == path)
    return fail(Error{.kind = ErrorKind::conflict,
                      .message = fmt::format("'{}' is no longer in the store", printable(file.path)),
                      .resource = file.path});
  MDL_TRY(auto partial, Partial::make_file(path));
  MDL_CHECK(write_bytes(file, partial.descriptor()));
  // It gets its name only once the bytes are on the disk, since a name in the store is believed.
  if (::fdatasync(partial.descriptor()) != 0) return not_written(path);
  MDL_TRY(const bool published, partial.publish());
  if (published || is_whole(path, file)) return {};
  return partial.replace();
}

// What is in a folder, for who looks for the same application: "application <digest>" a line.
std::string contents_of(const LayerPlan& plan) {
  std::string text;
  for (const auto& layer : plan.layers) text += fmt::format("{} {}\n", to_string(layer.kind), layer.digest);
  return text;
}

// A folder beside `folder` with the same application; "" when there is none.
std::string folder_alike(const LayerPlan& plan, const std::string& folder) {
  const auto* application = plan.find(LayerKind::application);
  if (application == nullptr || plan.find(LayerKind::weights) == nullptr) return {};
  const auto line = fmt::format("application {}\n", application->digest);
  std::error_code error;
  for (std::filesystem::directory_iterator entry(parent_of(folder), error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_partial_name(entry->path().filename().string())) continue;
    const auto text = read_file(entry->path().string() + "/layers", 4096);
    if (text && text->find(line) != std::string::npos) return entry->path().string();
  }
  return {};
}

class Writer {
 public:
  Writer(std::string root, std::string store, std::string alike)
      : root_(std::move(root)), store_(std::move(store)), alike_(std::move(alike)) {}

  Result<Written> write(const LayerPlan& plan) {
    MDL_CHECK(make_folders(root_ + "/app", 0755));
    MDL_CHECK(make_folders(root_ + "/front", 0755));
    written_.application_linked = !alike_.empty();
    for (const auto& layer : plan.layers) {
      if (layer.kind == LayerKind::dependencies) continue;
      const auto below = root_ + (layer.kind == LayerKind::front ? "/front/" : "/app/");
      for (const auto& file : layer.files) MDL_CHECK(write(layer.kind, file, below + file.path));
    }
    const File contents{.path = "layers", .source = {}, .content = contents_of(plan)};
    MDL_CHECK(write_file_at(contents, root_ + "/layers"));
    return written_;
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
    if (kind == LayerKind::weights) return write_weights(file, path);
    if (kind == LayerKind::application && !alike_.empty()) {
      if (link_application(file, path)) return {};
      written_.application_linked = false;
    }
    return write_file_at(file, path);
  }

  // A service could have changed its own files, so that they are looked at before they are believed.
  bool link_application(const File& file, const std::string& path) const {
    const auto other = alike_ + "/app/" + file.path;
    struct stat status {};
    if (::lstat(other.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
        (status.st_mode & 07777) != (file.executable ? 0555 : 0444))
      return false;
    const auto digest = sha256_file(other);
    return digest && *digest == file.sha256 && ::link(other.c_str(), path.c_str()) == 0;
  }

  Result<void> write_weights(const File& file, const std::string& path) {
    const auto stored = store_ + '/' + file.sha256;
    for (int attempt = 0; attempt < 3; ++attempt) {
      MDL_CHECK(store_file(file, stored));
      if (reflinks_ && reflink(stored, path)) return note(Link::reflink);
      if (::link(stored.c_str(), path.c_str()) == 0) return note(Link::hard_link);
      if (errno != ENOENT) break;  // else it was removed or replaced in between
    }
    // The store is on another file system, or the file has as many names as it can have.
    if (errno != EXDEV && errno != EMLINK && errno != EPERM && errno != EOPNOTSUPP) return not_written(path);
    File copied = file;
    copied.source = stored;
    MDL_CHECK(write_file_at(copied, path));
    return note(Link::copy);
  }

  // The file system knows them or not: one attempt tells.
  bool reflink(const std::string& stored, const std::string& path) {
    const Descriptor from(::open(stored.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    const Descriptor to(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!to) return false;
    if (from && clone_file(from.get(), to.get()) && ::fchmod(to.get(), 0444) == 0) return true;
    ::unlink(path.c_str());
    reflinks_ = false;
    return false;
  }

  Result<void> note(Link link) {
    written_.weights = std::max(written_.weights, link);
    return {};
  }

  std::string root_, store_, alike_, folder_;
  bool reflinks_ = true;
  Written written_;
};

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

std::string_view to_string(Link link) {
  switch (link) {
    case Link::reflink:
      return "reflink";
    case Link::hard_link:
      return "hard link";
    case Link::copy:
      return "copy";
    case Link::none:
      break;
  }
  return "";
}

Result<Written> write_folder(const LayerPlan& plan, const std::string& folder, const std::string& store) {
  if (is_folder(folder)) return Written{};
  const auto parent = parent_of(folder);
  MDL_CHECK(make_folders(parent));
  MDL_CHECK(make_folders(store));
  remove_left_partials(parent);
  remove_left_partials(store);
  MDL_TRY(auto partial, Partial::make_folder(folder));
  MDL_TRY(const auto written, Writer(partial.path(), store, folder_alike(plan, folder)).write(plan));
  // An existing folder is believed, so its files must be on the disk before it has its name. One call for the
  // whole file system costs less than one for each of many small files.
  if (::syncfs(partial.descriptor()) != 0) return not_written(folder);
  MDL_TRY(const bool published, partial.publish());
  if (published || is_folder(folder)) return written;
  errno = ENOTDIR;
  return not_written(folder);
}

}  // namespace mdl::oci
