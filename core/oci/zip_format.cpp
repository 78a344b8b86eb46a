#include "core/oci/zip_format.hpp"

#include <algorithm>
#include <initializer_list>

namespace mdl::oci::zip {

namespace {

constexpr std::uint64_t full16 = 0xFFFF, full32 = 0xFFFFFFFF;
constexpr std::uint16_t plain_version = 20, zip64_version = 45;
constexpr std::uint16_t made_on_unix = 3 << 8;
constexpr std::uint16_t name_is_utf8 = 1 << 11;
constexpr std::uint16_t first_date = (1 << 5) | 1, midnight = 0;  // 1980-01-01
constexpr std::uint16_t zip64_extra = 1;
constexpr std::uint32_t regular_file = 0100000, symbolic_link = 0120000;

// Compressing can make a file larger: one whose packed size may not fit is treated as one that does not.
constexpr std::uint64_t needs_zip64 = full32 - (full32 >> 10);

class Bytes {
 public:
  Bytes& u16(std::uint64_t value) { return put(value, 2); }
  Bytes& u32(std::uint64_t value) { return put(value, 4); }
  Bytes& u64(std::uint64_t value) { return put(value, 8); }
  Bytes& text(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  std::size_t size() const { return bytes_.size(); }
  std::string take() { return std::move(bytes_); }

 private:
  Bytes& put(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFF);
    return *this;
  }
  std::string bytes_;
};

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool large(const Record& record) { return record.unpacked >= needs_zip64; }

std::string zip64_field(std::initializer_list<std::uint64_t> values) {
  Bytes bytes;
  bytes.u16(zip64_extra).u16(values.size() * 8);
  for (const auto value : values) bytes.u64(value);
  return bytes.take();
}

// What both headers of a file have in common: version needed to the length of the name.
void common(Bytes& bytes, const Record& record, bool zip64, bool sizes_apart) {
  bytes.u16(zip64 ? zip64_version : plain_version)
      .u16(is_ascii(record.name) ? 0 : name_is_utf8)
      .u16(static_cast<std::uint16_t>(record.method))
      .u16(midnight)
      .u16(first_date)
      .u32(record.crc)
      .u32(sizes_apart ? full32 : record.packed)
      .u32(sizes_apart ? full32 : record.unpacked)
      .u16(record.name.size());
}

}  // namespace

std::string local_header(const Record& record) {
  const auto extra = large(record) ? zip64_field({record.unpacked, record.packed}) : std::string();
  Bytes bytes;
  bytes.u32(0x04034b50);
  common(bytes, record, large(record), large(record));
  return bytes.u16(extra.size()).text(record.name).text(extra).take();
}

std::string central_header(const Record& record) {
  const bool far = record.offset >= full32;
  std::string extra;
  if (large(record) && far)
    extra = zip64_field({record.unpacked, record.packed, record.offset});
  else if (large(record))
    extra = zip64_field({record.unpacked, record.packed});
  else if (far)
    extra = zip64_field({record.offset});
  const std::uint32_t mode = record.link         ? symbolic_link | 0777
                             : record.executable ? regular_file | 0755
                                                 : regular_file | 0644;
  Bytes bytes;
  bytes.u32(0x02014b50).u16(made_on_unix | (extra.empty() ? plain_version : zip64_version));
  common(bytes, record, !extra.empty(), large(record));
  bytes.u16(extra.size()).u16(0).u16(0).u16(0).u32(std::uint64_t{mode} << 16);
  return bytes.u32(far ? full32 : record.offset).text(record.name).text(extra).take();
}

std::string end_records(std::uint64_t entries, std::uint64_t offset, std::uint64_t size) {
  Bytes bytes;
  if (entries >= full16 || offset >= full32 || size >= full32) {
    bytes.u32(0x06064b50).u64(44).u16(made_on_unix | zip64_version).u16(zip64_version).u32(0).u32(0);
    bytes.u64(entries).u64(entries).u64(size).u64(offset);
    bytes.u32(0x07064b50).u32(0).u64(offset + size).u32(1);
  }
  const auto count = std::min(entries, full16);
  bytes.u32(0x06054b50).u16(0).u16(0).u16(count).u16(count);
  return bytes.u32(std::min(size, full32)).u32(std::min(offset, full32)).u16(0).take();
}

std::uint64_t overhead(std::size_t name_bytes, std::uint64_t unpacked) {
  constexpr std::uint64_t local = 30 + 20, central = 46 + 28;
  // Deflate stores what it cannot compress, with a few bytes a block; blocks end with an empty one
  // (zip_deflate).
  return local + central + 2 * name_bytes + 16 + (unpacked >> 10);
}

}  // namespace mdl::oci::zip
