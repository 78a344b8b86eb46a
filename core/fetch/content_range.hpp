#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mdl::fetch {

// What a part of a file is of it: "bytes 5-9/10", and without a known whole "bytes 5-9/*".
struct ContentRange {
  std::uint64_t first = 0, last = 0;
  std::optional<std::uint64_t> whole;
};

// nullopt: it is none, or contradicts itself.
std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace mdl::fetch
