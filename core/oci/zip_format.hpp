#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The records of a zip file, as PKWARE's APPNOTE 6.3.10 numbers them: 4.3.7 local header, 4.3.12 central
// header, 4.3.14 to 4.3.16 the end. Values only: who writes them where is zip.cpp's.
namespace mdl::oci::zip {

inline constexpr std::size_t longest_name = 65535;
inline constexpr std::size_t longest_end = 56 + 20 + 22;  // ZIP64 end record, its locator, end record

enum class Method : std::uint16_t { stored = 0, deflated = 8 };

struct Record {
  std::string_view name;
  bool link = false, executable = false;
  Method method = Method::stored;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, unpacked = 0;
  std::uint64_t offset = 0;  // of the local header
};

// Of the same length for the same name and unpacked size, so that it can be written again once crc and packed
// size are known.
std::string local_header(const Record& record);
std::string central_header(const Record& record);
std::string end_records(std::uint64_t entries, std::uint64_t directory_offset, std::uint64_t directory_bytes);

// At most so many bytes besides its own are spent on an entry.
std::uint64_t overhead(std::size_t name_bytes, std::uint64_t unpacked);

}  // namespace mdl::oci::zip
