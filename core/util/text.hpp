#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/util/clock.hpp"

// Text for people and for machines.
namespace mdl {

// The candidate with the smallest edit distance (transpositions count one), if it is near enough to be a
// typing mistake: at most a third of the length, rounded up. nullopt otherwise.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// "0.9s", "12.4s", "3m18s", "1h02m"; below 0.1 s with two decimals: "0.04s".
std::string readable_duration(Milliseconds duration);
// "812 B", "8.1 MB", "1.2 GB": decimal units, one decimal.
std::string readable_bytes(std::uint64_t bytes);
// "2m", "1h", "3d", "41d": how long ago, one unit.
std::string readable_age(Milliseconds age);
// "1,904"
std::string readable_count(std::int64_t count);

// "30s", "5m", "250ms", "1h30m" → milliseconds; nullopt when it is none of these.
std::optional<Milliseconds> parse_duration(std::string_view text);
// "512Mi", "1Gi", "250M", "1024" → bytes; nullopt when it is none of these.
std::optional<std::int64_t> parse_size(std::string_view text);
// Whole-text numbers; nullopt for anything else, never an exception.
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
// "1 problem", "2 problems".
std::string counted(std::size_t count, std::string_view noun);
// Without the blanks and line ends around it.
std::string_view trimmed(std::string_view text);
// The letters of ASCII in lower case, all else as it is.
std::string lower_case(std::string_view text);
std::string percent_encode(std::string_view text);                 // all but unreserved (RFC 3986)
std::optional<std::string> percent_decode(std::string_view text);  // nullopt on a bad escape
bool is_utf8(std::string_view text);
// Control characters other than tab become \xNN, so that outside text cannot drive a terminal.
std::string printable(std::string_view text);

}  // namespace mdl
