#pragma once

#include <deque>
#include <vector>

#include "core/oci/zip_deflate.hpp"
#include "core/oci/zip_entries.hpp"
#include "core/oci/zip_format.hpp"

namespace mdl::oci {

// Writes entries to an empty file, once. This thread reads, checks digests and writes in order; others
// compress.
class ZipWriter {
 public:
  explicit ZipWriter(int descriptor);
  // Errors: conflict when a file is not what was planned, failed when the zip cannot be written.
  Result<void> write(const std::vector<ZipEntry>& entries);
  std::uint64_t bytes() const { return position_; }

 private:
  struct Block {
    std::size_t record;
    bool first, last;
    std::size_t bytes;  // of its input
    std::future<Packed> packed;
  };

  Result<void> add(const ZipEntry& entry);
  Result<void> add_file(const File& file);
  Result<void> submit(std::string input, std::string before, bool first, bool last, Pack how);
  Result<void> retire();  // writes the oldest block
  Result<void> begin(zip::Record& record, const Packed& packed);
  Result<void> put(std::string_view bytes);
  Result<void> flush();
  Result<void> write_at(std::string_view bytes, std::uint64_t offset) const;

  int descriptor_;
  std::vector<zip::Record> records_;
  std::deque<Block> under_way_;
  std::size_t bytes_under_way_ = 0;
  std::string buffer_;
  std::uint64_t position_ = 0;  // of the end, buffer included
  Packers packers_;
};

}  // namespace mdl::oci
