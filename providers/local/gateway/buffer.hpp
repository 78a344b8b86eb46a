#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace mdl::local::gateway {

// Bytes that were read and not yet used. Contiguous, allocated at the first read, grown only when a read
// filled it.
class Buffer {
 public:
  static constexpr std::size_t smallest = 4 * 1024;

  char* data() { return memory_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::string_view view() const { return {memory_.get() + begin_, size()}; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  void commit(std::size_t bytes) {
    end_ += bytes;
    filled_ = end_ == capacity_;
  }

  // Room for a read, at most `limit` bytes held in all; none when it is full. Moves what it holds: earlier
  // views and rooms are no longer valid.
  boost::asio::mutable_buffer room(std::size_t limit) {
    if (begin_ != 0) {
      std::memmove(memory_.get(), data(), size());
      end_ -= begin_;
      begin_ = 0;
    }
    if (filled_ && capacity_ < limit) grow(std::min(limit, std::max(smallest, 4 * capacity_)));
    return {memory_.get() + end_, capacity_ - end_};
  }
  // Gives the memory of an empty buffer that grew back.
  void shrink() {
    if (!empty() || capacity_ <= smallest) return;
    memory_.reset();
    capacity_ = begin_ = end_ = 0;
    filled_ = true;
  }

 private:
  void grow(std::size_t capacity) {
    auto memory = std::make_unique_for_overwrite<char[]>(capacity);
    if (size() != 0) std::memcpy(memory.get(), data(), size());
    end_ = size();
    begin_ = 0;
    memory_ = std::move(memory);
    capacity_ = capacity;
    filled_ = false;
  }

  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  bool filled_ = true;  // no room was left by the last read
};

}  // namespace mdl::local::gateway
