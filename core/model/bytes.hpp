#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/util/error.hpp"

namespace mdl::model {

// Bytes that can be read at any place: a file, or a text.
class Bytes {
 public:
  virtual ~Bytes() = default;
  virtual std::uint64_t size() const = 0;
  // How many of them, from the first, are here.
  virtual std::uint64_t here() const { return size(); }
  // Fills `into` with the bytes from `offset`; both lie inside. Errors: unavailable; not_found for bytes that
  // are not here.
  virtual Result<void> read(std::uint64_t offset, std::span<char> into) = 0;
};

// Errors: not_found, unavailable; invalid for what is no regular file.
Result<std::unique_ptr<Bytes>> open_bytes(const std::string& path);
// `text` outlives it.
std::unique_ptr<Bytes> bytes_of(std::string_view text);
// Of a file with so many bytes, those that `text` has.
std::unique_ptr<Bytes> beginning_of(std::string_view text, std::uint64_t size);

// Reads forward in little-endian order, never past the end or past `limit` bytes. The first failure stays:
// everything after it reads as zero, so that a parser asks once in a while.
class Cursor {
 public:
  Cursor(Bytes& bytes, std::uint64_t limit);

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  // The next `size` bytes; "" after a failure. The caller bounds `size`.
  std::string text(std::uint64_t size);
  void skip(std::uint64_t size);

  std::uint64_t place() const { return place_; }
  std::uint64_t left() const { return end_ - place_; }  // up to the end or the limit
  bool ok() const { return !error_; }
  // Notes what is wrong, "at byte N" added, unless something was before.
  void fail(std::string_view what, ErrorKind kind = ErrorKind::invalid);
  std::unexpected<Error> error() const;  // only when not ok

 private:
  std::uint64_t number(int size);
  bool hold(std::uint64_t size);

  Bytes& bytes_;
  std::uint64_t end_, place_ = 0;
  bool limited_ = false;
  std::string window_;
  std::uint64_t window_at_ = 0;
  std::unique_ptr<Error> error_;
};

}  // namespace mdl::model
