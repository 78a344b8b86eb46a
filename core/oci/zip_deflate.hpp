#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// Deflate of blocks side by side. A file is cut into blocks of a fixed size, each compressed by itself with
// the end of the one before as its dictionary; put together they are one stream. So the bytes do not depend
// on how many threads there are.
namespace mdl::oci {

inline constexpr std::size_t deflate_block = 1u << 20;
inline constexpr std::size_t deflate_window = 32u << 10;

enum class Pack {
  store,
  deflate,
  whichever,  // of a file of one block: store it when deflating gains too little
};

struct Packed {
  std::string bytes;
  bool stored = false;
  std::uint32_t crc = 0;  // of the input
  std::uint64_t unpacked = 0;
};

// Packs one block. `before` is the end of the block before, at most a window; `last` ends the stream.
Packed pack(std::string input, const std::string& before, bool last, Pack how);

// Whether deflating a part of a file gains enough to deflate the file.
bool is_worth_deflating(std::string_view sample);

std::uint32_t combine_crc(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes);

// Threads that pack blocks.
class Packers {
 public:
  explicit Packers(std::size_t threads);
  ~Packers();  // what was submitted and not begun is dropped
  std::future<Packed> submit(std::string input, std::string before, bool last, Pack how);

 private:
  void work(const std::stop_token& stop);
  std::mutex mutex_;
  std::condition_variable_any there_is_work_;
  std::deque<std::packaged_task<Packed()>> queue_;
  std::vector<std::jthread> threads_;
};

}  // namespace mdl::oci
