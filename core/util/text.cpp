#include "core/util/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace mdl {

namespace {

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours count one each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string formatted(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string two_units(std::int64_t large, char large_unit, std::int64_t small, char small_unit) {
  char text[64];
  std::snprintf(text, sizeof text, "%lld%c%02lld%c", static_cast<long long>(large), large_unit,
                static_cast<long long>(small), small_unit);
  return text;
}

template <class T>
std::optional<T> parse_whole(std::string_view text) {
  T value{};
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_hex(std::string& out, std::string_view prefix, char byte, const char* digits) {
  out += prefix;
  out += digits[static_cast<unsigned char>(byte) >> 4];
  out += digits[static_cast<unsigned char>(byte) & 15];
}

// Bytes of the well-formed UTF-8 sequence that `text` starts with (RFC 3629: no overlong forms, no
// surrogates); 0: none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : (lead & 0xF0) == 0xE0        ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  const auto second = byte(1);
  const bool wrong = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                     (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  return sequence.size() == 2 && first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;  // C1
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::size_t limit = (word.size() + 2) / 3;
  std::size_t best = limit + 1;
  std::optional<std::string> found;
  for (const auto candidate : candidates) {
    const auto difference =
        word.size() > candidate.size() ? word.size() - candidate.size() : candidate.size() - word.size();
    if (difference >= best) continue;
    const auto distance = edit_distance(word, candidate);
    if (distance >= best || distance == std::max(word.size(), candidate.size()))
      continue;  // nothing in common
    best = distance;
    found = std::string(candidate);
  }
  return found;
}

std::string readable_duration(Milliseconds duration) {
  const auto ms = std::max<std::int64_t>(duration.count(), 0);
  if (ms < 95) return formatted("%.2fs", static_cast<double>(ms) / 1000);
  if (ms < 59'950) return formatted("%.1fs", static_cast<double>(ms) / 1000);
  const auto seconds = ms / 1000 + (ms % 1000 >= 500 ? 1 : 0);
  if (seconds < 3600) return two_units(seconds / 60, 'm', seconds % 60, 's');
  const auto minutes = seconds / 60 + (seconds % 60 >= 30 ? 1 : 0);
  return two_units(minutes / 60, 'h', minutes % 60, 'm');
}

std::string readable_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  for (const char* unit : {"kB", "MB", "GB", "TB", "PB"}) {
    value /= 1000;
    if (value < 999.95) return formatted("%.1f ", value) + unit;
  }
  return formatted("%.1f EB", value / 1000);
}

std::string readable_age(Milliseconds age) {
  const auto seconds = std::max<std::int64_t>(age.count(), 0) / 1000;
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return std::to_string(seconds / 60) + "m";
  if (seconds < 86'400) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / 86'400) + "d";
}

std::string readable_count(std::int64_t count) {
  auto text = std::to_string(count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (auto at = text.size(); at > first + 3;) text.insert(at -= 3, ",");
  return text;
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  static constexpr Unit units[] = {
      {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
  std::int64_t total = 0;
  std::int64_t smallest = INT64_MAX;  // units must come in falling order, each once
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
    const auto count = parse_whole<std::int64_t>(text.substr(0, digits));
    text.remove_prefix(digits);
    const auto letters = static_cast<std::size_t>(std::ranges::find_if(text, is_digit) - text.begin());
    const auto* unit = std::ranges::find(units, text.substr(0, letters), &Unit::name);
    text.remove_prefix(letters);
    std::int64_t part = 0;
    if (!count || unit == std::end(units) || unit->ms >= smallest) return std::nullopt;
    if (__builtin_mul_overflow(*count, unit->ms, &part) || __builtin_add_overflow(total, part, &total))
      return std::nullopt;
    smallest = unit->ms;
  }
  return Milliseconds{total};
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  static constexpr std::pair<std::string_view, std::int64_t> units[] = {{"", 1},
                                                                        {"k", 1000},
                                                                        {"K", 1000},
                                                                        {"M", 1'000'000},
                                                                        {"G", 1'000'000'000},
                                                                        {"T", 1'000'000'000'000},
                                                                        {"Ki", 1 << 10},
                                                                        {"Mi", 1 << 20},
                                                                        {"Gi", 1 << 30},
                                                                        {"Ti", std::int64_t{1} << 40}};
  const auto end = std::ranges::find_if(text, [](char c) { return !is_digit(c) && c != '.'; }) - text.begin();
  const auto number = text.substr(0, static_cast<std::size_t>(end));
  const auto* unit =
      std::ranges::find(units, text.substr(static_cast<std::size_t>(end)), [](auto& u) { return u.first; });
  if (unit == std::end(units)) return std::nullopt;
  if (const auto whole = parse_whole<std::int64_t>(number)) {
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(*whole, unit->second, &bytes)) return std::nullopt;
    return bytes;
  }
  const auto part = parse_whole<double>(number);
  if (!part || unit->second == 1 || number.starts_with('.') || number.ends_with('.')) return std::nullopt;
  const double bytes = *part * static_cast<double>(unit->second);
  if (!(bytes < 9.2e18)) return std::nullopt;
  return std::llround(bytes);
}

std::optional<std::int64_t> parse_integer(std::string_view text) { return parse_whole<std::int64_t>(text); }

std::optional<double> parse_number(std::string_view text) {
  const auto value = parse_whole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    if (&part != &parts.front()) out += separator;
    out += part;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool unreserved = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved)
      out += c;
    else
      append_hex(out, "%", c, "0123456789ABCDEF");
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = sequence_length(text);
    const auto sequence = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(sequence.size());
    if (length != 0 && (sequence == "\t" || !is_control(sequence)))
      out += sequence;
    else
      for (const char byte : sequence) append_hex(out, "\\x", byte, "0123456789abcdef");
  }
  return out;
}

}  // namespace mdl
