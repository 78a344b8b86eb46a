#include "core/model/bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mdl::model {

namespace {

constexpr std::uint64_t window_size = 256u << 10;

std::unexpected<Error> not_read(const std::string& path, int number) {
  const bool absent = number == ENOENT || number == ENOTDIR;
  return mdl::fail(Error{.kind = absent ? ErrorKind::not_found : ErrorKind::unavailable,
                         .message = absent ? "the file is not there" : "the file cannot be read",
                         .quoted = std::strerror(number),
                         .resource = path});
}

class FileBytes final : public Bytes {
 public:
  FileBytes(std::string path, int descriptor, std::uint64_t size)
      : path_(std::move(path)), descriptor_(descriptor), size_(size) {}
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;
  ~FileBytes() override { ::close(descriptor_); }

  std::uint64_t size() const override { return size_; }

  Result<void> read(std::uint64_t offset, std::span<char> into) override {
    while (!into.empty()) {
      const auto got = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return not_read(path_, errno);
      if (got == 0) return mdl::fail(ErrorKind::unavailable, "the file became shorter while it was read");
      into = into.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
    return {};
  }

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_;
};

class TextBytes final : public Bytes {
 public:
  TextBytes(std::string_view text, std::uint64_t size) : text_(text), size_(size) {}
  std::uint64_t size() const override { return size_; }
  std::uint64_t here() const override { return text_.size(); }
  Result<void> read(std::uint64_t offset, std::span<char> into) override {
    if (offset > text_.size() || into.size() > text_.size() - offset)
      return mdl::fail(ErrorKind::not_found, "the header goes on behind what is here of the file");
    std::ranges::copy(text_.substr(offset, into.size()), into.begin());
    return {};
  }

 private:
  std::string_view text_;
  std::uint64_t size_;
};

}  // namespace

Result<std::unique_ptr<Bytes>> open_bytes(const std::string& path) {
  // Not blocking: a pipe in the file's place must not wait for a writer.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return not_read(path, errno);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return mdl::fail(Error{.kind = ErrorKind::invalid, .message = "it is no regular file", .resource = path});
  }
  return std::make_unique<FileBytes>(path, descriptor, static_cast<std::uint64_t>(status.st_size));
}

std::unique_ptr<Bytes> bytes_of(std::string_view text) {
  return std::make_unique<TextBytes>(text, text.size());
}

std::unique_ptr<Bytes> beginning_of(std::string_view text, std::uint64_t size) {
  return std::make_unique<TextBytes>(text.substr(0, size), size);
}

Cursor::Cursor(Bytes& bytes, std::uint64_t limit)
    : bytes_(bytes), end_(std::min(bytes.size(), limit)), limited_(bytes.size() > limit) {}

void Cursor::fail(std::string_view what, ErrorKind kind) {
  if (error_) return;
  error_ = std::make_unique<Error>(
      Error{.kind = kind, .message = fmt::format("{} at byte {}", what, place_), .code = "header"});
  end_ = place_;
}

std::unexpected<Error> Cursor::error() const { return std::unexpected(*error_); }

bool Cursor::hold(std::uint64_t size) {
  if (error_) return false;
  if (size > left()) {
    // A header beyond the limit is not known to be wrong.
    if (limited_)
      fail(fmt::format("the header goes on after {} MiB, which is as far as it is read,", end_ >> 20),
           ErrorKind::refused);
    else
      fail(fmt::format("the header wants {} more bytes and the file has {},", size, left()));
    return false;
  }
  if (place_ >= window_at_ && place_ + size <= window_at_ + window_.size()) return true;
  const auto ahead = std::min(window_size, bytes_.here() - std::min(bytes_.here(), place_));
  window_.resize(std::min(left(), std::max(size, ahead)));
  window_at_ = place_;
  if (auto read = bytes_.read(place_, window_); !read) {
    error_ = std::make_unique<Error>(std::move(read).error());
    end_ = place_;
    return false;
  }
  return true;
}

std::uint64_t Cursor::number(int size) {
  const auto bytes = static_cast<std::uint64_t>(size);
  if (!hold(bytes)) return 0;
  std::uint64_t out = 0;
  for (int i = size - 1; i >= 0; --i)
    out = out << 8 | static_cast<unsigned char>(window_[place_ - window_at_ + static_cast<std::uint64_t>(i)]);
  place_ += bytes;
  return out;
}

std::string Cursor::text(std::uint64_t size) {
  if (!hold(size)) return {};
  std::string out = window_.substr(place_ - window_at_, size);
  place_ += size;
  return out;
}

void Cursor::skip(std::uint64_t size) {
  // What is skipped is not read, but must be there.
  if (size > left()) {
    hold(size);
    return;
  }
  place_ += size;
}

}  // namespace mdl::model
