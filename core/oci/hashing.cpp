#include "core/oci/hashing.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <mutex>
#include <numeric>
#include <optional>
#include <sys/stat.h>
#include <thread>

#include "core/oci/copy.hpp"
#include "core/oci/descriptor.hpp"
#include "core/oci/directory.hpp"
#include "core/oci/partial.hpp"
#include "core/util/digest.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

// Below both, starting threads costs more than it gains.
constexpr std::uint64_t few_bytes = 1u << 20;
constexpr std::size_t few_files = 64;

using OnRead = std::function<void(const std::string& path)>;

std::unexpected<Error> changed(const Found& file) {
  return fail(Error{.kind = ErrorKind::conflict,
                    .message = fmt::format("'{}' changed while it was read", printable(file.path)),
                    .resource = file.path});
}

bool is_same(int descriptor, const FileStat& stat) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && to_file_stat(status) == stat;
}

// What was hashed is what is kept.
Result<Digest> hash_and_keep(const Found& file, int descriptor, const std::string& store) {
  MDL_TRY(auto partial, Partial::make_file(store + "/incoming"));
  MDL_TRY(auto digest, copy_bytes(file.path, file.stat.bytes, descriptor, partial.descriptor()));
  if (!is_same(descriptor, file.stat)) return changed(file);
  if (::fchmod(partial.descriptor(), 0444) != 0 || ::fdatasync(partial.descriptor()) != 0)
    return system_failure(partial.path(), "written");
  MDL_CHECK(partial.publish_as(store + '/' + digest));
  return digest;
}

Result<Digest> hash_one(const ToHash& item, const std::string& store, const OnRead& on_read) {
  const auto& file = *item.file;
  // Not blocking: should a pipe have taken the file's place, opening it must not wait for a writer.
  const Descriptor descriptor(::open(file.source.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor) return system_failure(file.path, "read");
  if (!is_same(descriptor.get(), file.stat)) return changed(file);
  if (on_read) on_read(file.path);
  if (item.keep) return hash_and_keep(file, descriptor.get(), store);
  MDL_TRY(auto digest, hash_bytes(file.path, file.stat.bytes, descriptor.get()));
  if (!is_same(descriptor.get(), file.stat)) return changed(file);
  return digest;
}

// The files by falling size, taken one after the other by each thread: the largest does not come last.
class Queue {
 public:
  Queue(std::span<ToHash> files, const std::string& store, const OnRead& on_read)
      : files_(files), store_(store), on_read_(on_read), order_(files.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::ranges::stable_sort(order_, std::greater(),
                             [&](std::size_t i) { return files_[i].file->stat.bytes; });
  }

  void work() {
    for (std::size_t next = next_++; next < order_.size() && !failed_; next = next_++) {
      const auto index = order_[next];
      auto digest = hash_one(files_[index], store_, on_read_);
      if (digest)
        files_[index].digest = std::move(*digest);
      else
        note(std::move(digest).error());
    }
  }

  Result<void> result() {
    if (error_) return std::unexpected(std::move(*error_));
    return {};
  }

 private:
  void note(Error error) {
    const std::scoped_lock lock(mutex_);
    if (!error_) error_ = std::move(error);
    failed_ = true;
  }

  std::span<ToHash> files_;
  const std::string& store_;
  const OnRead& on_read_;
  std::vector<std::size_t> order_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::optional<Error> error_;
};

}  // namespace

Result<void> hash_files(std::span<ToHash> files, const std::string& store, const OnRead& on_read) {
  std::uint64_t bytes = 0;
  for (const auto& item : files) bytes += item.file->stat.bytes;
  std::size_t threads = 1;
  if (files.size() > 1 && (bytes > few_bytes || files.size() > few_files))
    threads = std::min<std::size_t>(files.size(), std::clamp(std::thread::hardware_concurrency(), 2u, 8u));
  Queue queue(files, store, on_read);
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&queue] { queue.work(); });
    queue.work();
  }
  return queue.result();
}

}  // namespace mdl::oci
