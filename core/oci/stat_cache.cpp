#include "core/oci/stat_cache.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "core/util/digest.hpp"
#include "core/util/files.hpp"

namespace mdl::oci {

namespace {

constexpr std::string_view magic = "mdl stat cache 1\n";
constexpr std::size_t digest_size = 64;
constexpr std::uint64_t largest_file = 1u << 30;

// Numbers as this machine writes them: the file never leaves it.
void put(std::string& bytes, std::uint64_t number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t number = 0;
    const auto bytes = text(sizeof number);
    if (!failed_) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }
  std::int64_t time() { return static_cast<std::int64_t>(number()); }
  std::string_view text(std::uint64_t size) {
    failed_ = failed_ || size > bytes_.size();
    if (failed_) return {};
    const auto text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return text;
  }
  bool more() const { return !failed_ && !bytes_.empty(); }
  bool failed() const { return failed_; }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

}  // namespace

StatCache StatCache::load(const std::string& file) {
  const auto bytes = read_file(file, largest_file);
  if (!bytes || bytes->size() < magic.size() + digest_size || !bytes->starts_with(magic)) return StatCache();
  const auto content = std::string_view(*bytes).substr(0, bytes->size() - digest_size);
  if (sha256(content) != std::string_view(*bytes).substr(content.size())) return StatCache();
  Reader reader(content.substr(magic.size()));
  StatCache cache(reader.time());
  while (reader.more()) {
    std::string path(reader.text(reader.number()));
    Entry entry;
    entry.stat.bytes = reader.number();
    entry.stat.modified_ns = reader.time();
    entry.stat.changed_ns = reader.time();
    entry.stat.inode = reader.number();
    entry.stat.device = reader.number();
    entry.digest = reader.text(digest_size);
    cache.entries_.emplace_hint(cache.entries_.end(), std::move(path), std::move(entry));
  }
  if (reader.failed()) return StatCache();
  return cache;
}

std::string StatCache::to_bytes() const {
  std::string bytes(magic);
  put(bytes, static_cast<std::uint64_t>(taken_ns_));
  for (const auto& [path, entry] : entries_) {
    put(bytes, path.size());
    bytes += path;
    put(bytes, entry.stat.bytes);
    put(bytes, static_cast<std::uint64_t>(entry.stat.modified_ns));
    put(bytes, static_cast<std::uint64_t>(entry.stat.changed_ns));
    put(bytes, entry.stat.inode);
    put(bytes, entry.stat.device);
    bytes += entry.digest;
  }
  return bytes + sha256(bytes);
}

std::optional<Digest> StatCache::find(std::string_view path, const FileStat& stat) const {
  const auto at = entries_.find(path);
  if (at == entries_.end() || at->second.stat != stat) return std::nullopt;
  if (!known_by_stat(std::max(stat.modified_ns, stat.changed_ns), taken_ns_)) return std::nullopt;
  return at->second.digest;
}

void StatCache::add(std::string path, const FileStat& stat, const Digest& digest) {
  entries_.insert_or_assign(entries_.end(), std::move(path), Entry{stat, digest});
}

StatCacheUpdate::StatCacheUpdate(std::string file, std::string partial, Descriptor descriptor,
                                 std::int64_t taken_ns)
    : file_(std::move(file)),
      partial_(std::move(partial)),
      descriptor_(std::move(descriptor)),
      taken_ns_(taken_ns) {}

StatCacheUpdate::~StatCacheUpdate() {
  if (descriptor_) ::unlink(partial_.c_str());
}

std::optional<StatCacheUpdate> StatCacheUpdate::begin(const std::string& file) {
  if (!make_folders(std::filesystem::path(file).parent_path().string())) return std::nullopt;
  auto partial = fmt::format("{}.{}.partial-{}", file, random_hex(4), ::getpid());
  Descriptor descriptor(::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  struct stat status {};
  if (!descriptor || ::fstat(descriptor.get(), &status) != 0) return std::nullopt;
  return StatCacheUpdate(file, std::move(partial), std::move(descriptor), to_file_stat(status).modified_ns);
}

bool StatCacheUpdate::commit(const StatCache& cache) {
  // Not synchronised to the disk: the digest at its end tells a file that a crash cut short.
  if (!write_all(descriptor_.get(), cache.to_bytes())) return false;
  if (::rename(partial_.c_str(), file_.c_str()) != 0) return false;
  descriptor_ = Descriptor();
  return true;
}

}  // namespace mdl::oci
