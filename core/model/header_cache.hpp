#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/model/header.hpp"
#include "core/util/value.hpp"

namespace mdl::model {

// Now, on the clock that file times come from.
std::int64_t file_clock_ns();

// Headers of last time by what a stat says of their files.
class HeaderCache {
 public:
  // "" keeps nothing. A file that is absent or damaged is an empty cache.
  // `now_ns`: of the clock that file times come from; what was touched just before it is not remembered
  // (known_by_stat).
  HeaderCache(std::string file, std::int64_t now_ns);
  // Writes what is known now, when that is more than the file holds.
  ~HeaderCache();
  HeaderCache(const HeaderCache&) = delete;
  HeaderCache& operator=(const HeaderCache&) = delete;

  // The header of the file at `source`, read if it is not known. Errors as read_gguf and read_safetensors.
  Result<Header> header(const std::string& source, Format format);
  // Whether the file begins as PyTorch's do: like a zip archive or a pickle. False for what cannot be read.
  bool begins_like_a_pickle(const std::string& source);

 private:
  // What is known of the file, else what `read` gives: null is not remembered.
  template <class Read>
  Value look_up(const std::string& source, const std::string& what, const Read& read);

  std::string file_;
  std::int64_t now_ns_;
  std::map<std::string, Value> known_, asked_;  // by the stat
  bool changed_ = false;
};

}  // namespace mdl::model
