#include "core/fetch/content_range.hpp"

#include "core/util/text.hpp"

namespace mdl::fetch {

std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const auto dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return std::nullopt;
  const auto first = parse_integer(text.substr(0, dash)),
             last = parse_integer(text.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *first < 0 || *last < *first) return std::nullopt;
  ContentRange range{.first = static_cast<std::uint64_t>(*first), .last = static_cast<std::uint64_t>(*last)};
  if (const auto whole = text.substr(slash + 1); whole != "*") {
    const auto bytes = parse_integer(whole);
    if (!bytes || *bytes <= *last) return std::nullopt;
    range.whole = static_cast<std::uint64_t>(*bytes);
  }
  return range;
}

}  // namespace mdl::fetch
