#include "core/oci/read_ahead.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace mdl::oci {

namespace {

// Four of them fit into the cache of a processor, so that what was read need not come from memory when it is
// used.
constexpr std::uint64_t block_size = 512u << 10;
// Below, starting a thread costs more than it gains.
constexpr std::uint64_t worth_a_thread = 32u << 20;

}  // namespace

ReadAhead::ReadAhead(int descriptor, std::uint64_t bytes) : descriptor_(descriptor) {
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  const auto size = std::clamp<std::uint64_t>(bytes + 1, 4096, block_size);
  if (bytes < worth_a_thread) {
    blocks_[0].bytes.resize(size);
    return;
  }
  for (auto& block : blocks_) block.bytes.resize(size);
  thread_ = std::thread([this] { work(); });
}

ReadAhead::~ReadAhead() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ReadAhead::fill(Block& block) const {
  for (;;) {
    const auto got = ::read(descriptor_, block.bytes.data(), block.bytes.size());
    if (got < 0 && errno == EINTR) continue;
    block.error = got < 0 ? errno : 0;
    block.size = got < 0 ? 0 : static_cast<std::size_t>(got);
    return;
  }
}

void ReadAhead::work() {
  for (;;) {
    std::size_t index = 0;
    {
      std::unique_lock lock(mutex_);
      // Once all are full it waits for half of them: waking it costs the caller time.
      if (filled_ - taken_ == blocks_.size())
        changed_.wait(lock, [this] { return stop_ || filled_ - taken_ <= blocks_.size() / 2; });
      if (stop_) return;
      index = filled_ % blocks_.size();
    }
    fill(blocks_[index]);
    const bool last = blocks_[index].size == 0;
    {
      const std::scoped_lock lock(mutex_);
      ++filled_;
    }
    changed_.notify_all();
    if (last) return;
  }
}

std::string_view ReadAhead::next() {
  if (error_ != 0) return {};
  Block* block = &blocks_[0];
  if (thread_.joinable()) {
    std::unique_lock lock(mutex_);
    if (holds_) ++taken_;  // the one before is done with
    holds_ = true;
    if (filled_ - taken_ == blocks_.size() / 2) changed_.notify_all();
    changed_.wait(lock, [this] { return filled_ > taken_; });
    block = &blocks_[taken_ % blocks_.size()];
    if (block->size == 0) holds_ = false;  // the end stays
  } else {
    fill(*block);
  }
  error_ = block->error;
  return std::string_view(block->bytes).substr(0, block->size);
}

}  // namespace mdl::oci
