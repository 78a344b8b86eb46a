#include "core/oci/zip_deflate.hpp"

#include <new>
#include <zlib.h>

namespace mdl::oci {

namespace {

constexpr int level = 6, raw = -15, memory_level = 8;
constexpr double least_gain = 0.05;

const Bytef* bytes_of(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

// A compressor is used for many blocks: making one costs as much as compressing 20 KB.
class Stream {
 public:
  Stream() {
    if (::deflateInit2(&stream_, level, Z_DEFLATED, raw, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();  // the only way in which these arguments can fail
  }
  ~Stream() { ::deflateEnd(&stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  std::string run(std::string_view input, std::string_view before, bool last) {
    ::deflateReset(&stream_);
    if (!before.empty()) ::deflateSetDictionary(&stream_, bytes_of(before), static_cast<uInt>(before.size()));
    // The bound is that of Z_FINISH; a flush adds an empty block of at most six bytes.
    std::string output(::deflateBound(&stream_, input.size()) + 16, '\0');
    stream_.next_in = const_cast<Bytef*>(bytes_of(input));
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = static_cast<uInt>(output.size());
    ::deflate(&stream_, last ? Z_FINISH : Z_SYNC_FLUSH);
    output.resize(output.size() - stream_.avail_out);
    return output;
  }

 private:
  z_stream stream_{};
};

Stream& stream_of_this_thread() {
  static thread_local Stream stream;
  return stream;
}

bool gains(std::size_t packed, std::size_t unpacked) {
  return static_cast<double>(packed) <= static_cast<double>(unpacked) * (1 - least_gain);
}

}  // namespace

Packed pack(std::string input, const std::string& before, bool last, Pack how) {
  Packed packed{.unpacked = input.size()};
  packed.crc = static_cast<std::uint32_t>(
      ::crc32(::crc32(0, nullptr, 0), bytes_of(input), static_cast<uInt>(input.size())));
  if (how != Pack::store) packed.bytes = stream_of_this_thread().run(input, before, last);
  packed.stored = how == Pack::store || (how == Pack::whichever && !gains(packed.bytes.size(), input.size()));
  if (packed.stored) packed.bytes = std::move(input);
  return packed;
}

bool is_worth_deflating(std::string_view sample) {
  return gains(stream_of_this_thread().run(sample, {}, true).size(), sample.size());
}

std::uint32_t combine_crc(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes) {
  return static_cast<std::uint32_t>(::crc32_combine(first, second, static_cast<z_off_t>(second_bytes)));
}

Packers::Packers(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

Packers::~Packers() = default;

std::future<Packed> Packers::submit(std::string input, std::string before, bool last, Pack how) {
  std::packaged_task<Packed()> task([input = std::move(input), before = std::move(before), last,
                                     how]() mutable { return pack(std::move(input), before, last, how); });
  auto result = task.get_future();
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back(std::move(task));
  }
  there_is_work_.notify_one();
  return result;
}

void Packers::work(const std::stop_token& stop) {
  for (;;) {
    std::packaged_task<Packed()> task;
    {
      std::unique_lock lock(mutex_);
      if (!there_is_work_.wait(lock, stop, [this] { return !queue_.empty(); }) || stop.stop_requested())
        return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace mdl::oci
