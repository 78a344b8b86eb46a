#include "core/http/retry_after.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/util/text.hpp"

namespace mdl::http {

namespace {

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::optional<Time> parse_http_date(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || !text.ends_with(" GMT")) return std::nullopt;
  const auto month = std::ranges::find(months, text.substr(8, 3));
  if (month == months.end() || text[7] != ' ' || text[11] != ' ' || text[16] != ' ') return std::nullopt;
  const auto number = std::to_string(101 + (month - months.begin())).substr(1);
  return parse_rfc3339(std::string(text.substr(12, 4)) + "-" + number + "-" + std::string(text.substr(5, 2)) +
                       "T" + std::string(text.substr(17, 8)) + "Z");
}

std::optional<Milliseconds> parse_retry_after(std::string_view text, Time now) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto seconds = parse_integer(text).value_or(INT64_MAX);  // only digits: at worst too many
    return Milliseconds{std::min<std::int64_t>(seconds, INT64_MAX / 1000) * 1000};
  }
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::max(Milliseconds{0}, std::chrono::ceil<Milliseconds>(*date - now));
}

}  // namespace mdl::http
