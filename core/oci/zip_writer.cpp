#include "core/oci/zip_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/oci/descriptor.hpp"
#include "core/oci/directory.hpp"
#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

// Input and output of what is under way: less than 20 MiB.
constexpr std::size_t most_bytes_under_way = 8 * deflate_block, most_blocks_under_way = 256;
constexpr std::size_t buffer_size = 256u << 10;
constexpr std::size_t sample_size = 128u << 10;

// A file's bytes in blocks that are full but for the last, whatever a single read gives.
class Source {
 public:
  static Result<Source> open(const File& file) {
    if (file.source.empty()) return Source(file, Descriptor());
    Descriptor descriptor(::open(file.source.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!descriptor) return system_failure(file.path, "read");
    return Source(file, std::move(descriptor));
  }

  Result<std::string> read(std::uint64_t offset, std::size_t most) const {
    if (!descriptor_)
      return file_->content.substr(std::min<std::size_t>(offset, file_->content.size()), most);
    std::string block(most, '\0');
    std::size_t size = 0;
    while (size < most) {
      const auto got =
          ::pread(descriptor_.get(), block.data() + size, most - size, static_cast<off_t>(offset + size));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_failure(file_->path, "read");
      if (got == 0) break;
      size += static_cast<std::size_t>(got);
    }
    block.resize(size);
    return block;
  }

 private:
  Source(const File& file, Descriptor descriptor) : file_(&file), descriptor_(std::move(descriptor)) {}
  const File* file_;
  Descriptor descriptor_;
};

std::unexpected<Error> changed(const File& file) {
  return fail(Error{.kind = ErrorKind::conflict,
                    .message = fmt::format("'{}' changed after it was planned", printable(file.path)),
                    .resource = file.path});
}

// Many kinds of file begin with a header that compresses well: a part of the middle is asked too.
Result<Pack> how_to_pack(const File& file, const Source& source) {
  if (file.bytes <= deflate_block) return Pack::whichever;
  for (const auto offset : {file.bytes / 2, std::uint64_t{0}}) {
    MDL_TRY(const auto sample, source.read(offset, sample_size));
    if (is_worth_deflating(sample)) return Pack::deflate;
  }
  return Pack::store;
}

std::size_t thread_count() { return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4); }

}  // namespace

ZipWriter::ZipWriter(int descriptor) : descriptor_(descriptor), packers_(thread_count()) {}

Result<void> ZipWriter::write(const std::vector<ZipEntry>& entries) {
  records_.reserve(entries.size());
  for (const auto& entry : entries) MDL_CHECK(add(entry));
  while (!under_way_.empty()) MDL_CHECK(retire());
  const auto directory = position_;
  for (const auto& record : records_) MDL_CHECK(put(zip::central_header(record)));
  MDL_CHECK(put(zip::end_records(records_.size(), directory, position_ - directory)));
  return flush();
}

Result<void> ZipWriter::add(const ZipEntry& entry) {
  const auto& file = *entry.file;
  records_.push_back({.name = entry.name,
                      .link = !file.link.empty(),
                      .executable = file.executable,
                      .unpacked = unpacked_bytes(entry)});
  if (!file.link.empty()) return submit(file.link, {}, true, true, Pack::store);
  return add_file(file);
}

Result<void> ZipWriter::add_file(const File& file) {
  MDL_TRY(const auto source, Source::open(file));
  MDL_TRY(const auto how, how_to_pack(file, source));
  Sha256 hash;
  std::string before;
  std::uint64_t offset = 0;
  for (bool last = false; !last;) {
    const auto rest = file.bytes - offset;
    last = rest <= deflate_block;
    // One byte more than is planned tells that the file has grown.
    MDL_TRY(auto block, source.read(offset, last ? rest + 1 : deflate_block));
    if (block.size() != (last ? rest : deflate_block)) return changed(file);
    hash.update(block);
    auto tail = last ? std::string() : block.substr(block.size() - deflate_window);
    const bool first = offset == 0;
    offset += block.size();
    if (last && hash.finish() != file.sha256) return changed(file);
    MDL_CHECK(submit(std::move(block), std::move(before), first, last, how));
    before = std::move(tail);
  }
  return {};
}

Result<void> ZipWriter::submit(std::string input, std::string before, bool first, bool last, Pack how) {
  const auto size = input.size();
  while (!under_way_.empty() &&
         (bytes_under_way_ + size > most_bytes_under_way || under_way_.size() >= most_blocks_under_way))
    MDL_CHECK(retire());
  under_way_.push_back({.record = records_.size() - 1,
                        .first = first,
                        .last = last,
                        .bytes = size,
                        .packed = packers_.submit(std::move(input), std::move(before), last, how)});
  bytes_under_way_ += size;
  return {};
}

Result<void> ZipWriter::retire() {
  auto block = std::move(under_way_.front());
  under_way_.pop_front();
  const auto packed = block.packed.get();
  bytes_under_way_ -= block.bytes;
  auto& record = records_[block.record];
  record.crc = block.first ? packed.crc : combine_crc(record.crc, packed.crc, packed.unpacked);
  record.packed += packed.bytes.size();
  if (block.first) MDL_CHECK(begin(record, packed));
  MDL_CHECK(put(packed.bytes));
  if (block.first || !block.last) return {};
  // Checksum and packed size were not known when the header was written.
  MDL_CHECK(flush());
  return write_at(zip::local_header(record), record.offset);
}

Result<void> ZipWriter::begin(zip::Record& record, const Packed& packed) {
  record.offset = position_;
  record.method = packed.stored ? zip::Method::stored : zip::Method::deflated;
  return put(zip::local_header(record));
}

Result<void> ZipWriter::put(std::string_view bytes) {
  buffer_ += bytes;
  position_ += bytes.size();
  return buffer_.size() < buffer_size ? Result<void>() : flush();
}

Result<void> ZipWriter::flush() {
  MDL_CHECK(write_at(buffer_, position_ - buffer_.size()));
  buffer_.clear();
  return {};
}

Result<void> ZipWriter::write_at(std::string_view bytes, std::uint64_t offset) const {
  if (mdl::write_at(descriptor_, bytes, offset) == bytes.size()) return {};
  return fail(Error{
      .kind = ErrorKind::failed, .message = "the zip could not be written", .quoted = std::strerror(errno)});
}

}  // namespace mdl::oci
