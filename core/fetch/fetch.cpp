#include "core/fetch/fetch.hpp"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include "core/fetch/download.hpp"
#include "core/fetch/store.hpp"
#include "core/util/text.hpp"

namespace mdl::fetch {

namespace {

constexpr std::size_t most_at_once = 4;
constexpr Milliseconds between_reports{100};

class Fetch {
 public:
  Fetch(std::vector<const oci::Remote*> files, const Around& around, const OnBytes& on_bytes)
      : files_(std::move(files)), around_(around), on_bytes_(on_bytes), done_(files_.size()) {
    const bool known = std::ranges::all_of(files_, [](const auto* file) { return file->bytes > 0; });
    if (known)
      total_ = std::accumulate(files_.begin(), files_.end(), std::uint64_t{0},
                               [](std::uint64_t sum, const auto* file) { return sum + file->bytes; });
    what_ = files_.size() == 1 ? "fetch " + printable(files_.front()->path)
                               : fmt::format("fetch {} files", files_.size());
  }

  Result<void> run() {
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < std::min(files_.size(), most_at_once); ++i)
        others.emplace_back([this] { work(); });
      work();
    }
    if (error_) return std::unexpected(std::move(*error_));
    return {};
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < files_.size() && !stop_; i = next_++) {
      const auto on_progress = [this, i](std::uint64_t done, bool waits) { report(i, done, waits); };
      if (auto fetched = download(*files_[i], around_, stop_, on_progress); !fetched)
        note(std::move(fetched).error());
    }
  }

  void note(Error error) {
    const std::scoped_lock lock(mutex_);
    if (!error_) error_ = std::move(error);
    stop_ = true;
  }

  void report(std::size_t index, std::uint64_t done, bool waits) {
    if (!on_bytes_) return;
    const std::scoped_lock lock(mutex_);
    done_[index] = done;
    const auto now = around_.clock.elapsed();
    if (reported_ && now - *reported_ < between_reports) return;
    reported_ = now;
    on_bytes_(waits ? what_ + ": another deploy is fetching it" : what_,
              std::accumulate(done_.begin(), done_.end(), std::uint64_t{0}), total_);
  }

  std::vector<const oci::Remote*> files_;
  const Around& around_;
  const OnBytes& on_bytes_;
  std::uint64_t total_ = 0;
  std::string what_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<std::uint64_t> done_;
  std::optional<std::chrono::nanoseconds> reported_;
  std::optional<Error> error_;
};

}  // namespace

Result<void> fetch(std::span<const oci::Remote> files, const Around& around, const OnBytes& on_bytes) {
  std::vector<const oci::Remote*> missing;
  for (const auto& file : files)
    if (!is_stored(around.store, file.sha256) &&
        std::ranges::find(missing, file.sha256, [](const auto* other) { return other->sha256; }) ==
            missing.end())
      missing.push_back(&file);
  if (missing.empty()) return {};
  std::ranges::stable_sort(missing, std::greater(), [](const auto* file) { return file->bytes; });
  return Fetch(std::move(missing), around, on_bytes).run();
}

}  // namespace mdl::fetch
