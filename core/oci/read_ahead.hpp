#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace mdl::oci {

// Reads an open file to its end in blocks of 512 KiB. Of a large file the next blocks are read by a thread of
// their own while the caller works on one: reading from memory and hashing then take as long as the hashing
// alone.
class ReadAhead {
 public:
  // `bytes` is about how large the file is.
  ReadAhead(int descriptor, std::uint64_t bytes);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next block, valid until the next call; empty at the end or after an error.
  std::string_view next();
  int error() const { return error_; }  // errno of the read that failed; 0: none

 private:
  struct Block {
    std::string bytes;
    std::size_t size = 0;
    int error = 0;
  };
  void fill(Block& block) const;
  void work();

  int descriptor_;
  int error_ = 0;
  std::array<Block, 4> blocks_;
  std::size_t filled_ = 0, taken_ = 0;  // counts, by which the blocks go round
  bool holds_ = false, stop_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace mdl::oci
