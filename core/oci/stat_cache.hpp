#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/oci/descriptor.hpp"
#include "core/oci/layers.hpp"
#include "core/oci/select.hpp"

namespace mdl::oci {

// Digests of files by what a stat says of them, so that an unchanged tree is not read again. Only a cache:
// what cannot be read or written is as if it were not there.
class StatCache {
 public:
  // `taken_ns`: when the reading of the files began, on the clock that file times come from.
  explicit StatCache(std::int64_t taken_ns = 0) : taken_ns_(taken_ns) {}
  // From its file; empty when that is absent, damaged or of another version.
  static StatCache load(const std::string& file);

  // The digest when the stat is the same as then, and the file was not touched just before the reading began
  // (known_by_stat).
  std::optional<Digest> find(std::string_view path, const FileStat& stat) const;
  void add(std::string path, const FileStat& stat, const Digest& digest);
  std::size_t size() const { return entries_.size(); }
  std::string to_bytes() const;

 private:
  struct Entry {
    FileStat stat;
    Digest digest;
  };
  std::map<std::string, Entry, std::less<>> entries_;
  std::int64_t taken_ns_;
};

// Replaces a cache file. Begun before the first file is read: the time of its own temporary file is the
// cache's.
class StatCacheUpdate {
 public:
  static std::optional<StatCacheUpdate> begin(const std::string& file);  // nullopt: it cannot be written
  StatCacheUpdate(StatCacheUpdate&&) = default;
  ~StatCacheUpdate();

  std::int64_t taken_ns() const { return taken_ns_; }
  bool commit(const StatCache& cache);  // atomic; false: the old file stands

 private:
  StatCacheUpdate(std::string file, std::string partial, Descriptor descriptor, std::int64_t taken_ns);
  std::string file_, partial_;
  Descriptor descriptor_;
  std::int64_t taken_ns_;
};

}  // namespace mdl::oci
