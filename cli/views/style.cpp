#include "cli/views/style.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/util/text.hpp"

namespace mdl::cli {

std::string paint(const Style& style, Colour colour, std::string_view text) {
  if (!style.colour || colour == Colour::none || text.empty()) return std::string(text);
  constexpr std::array codes = {"", "31", "32", "33", "34", "2", "1"};
  return std::string("\x1b[") + codes[static_cast<std::size_t>(colour)] + "m" + std::string(text) + "\x1b[0m";
}

int columns(std::string_view text) {
  int count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '[') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) ++count;
  }
  return count;
}

std::string pad(std::string_view text, int width) {
  return std::string(text) + std::string(static_cast<std::size_t>(std::max(0, width - columns(text))), ' ');
}

std::string pad_left(std::string_view text, int width) {
  return std::string(static_cast<std::size_t>(std::max(0, width - columns(text))), ' ') + std::string(text);
}

std::string shorten(std::string_view text, int width) {
  if (width < 1) return "";
  if (columns(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (int taken = 0; end < text.size() && taken < width - 1; ++taken) {
    ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string ascii(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 16> signs{{{"→", "->"},
                                                                                 {"…", "..."},
                                                                                 {"·", "-"},
                                                                                 {"–", "-"},
                                                                                 {"×", "x"},
                                                                                 {"≤", "<="},
                                                                                 {"▁", "_"},
                                                                                 {"▂", "."},
                                                                                 {"▃", "-"},
                                                                                 {"▄", ":"},
                                                                                 {"▅", "="},
                                                                                 {"▆", "+"},
                                                                                 {"▇", "*"},
                                                                                 {"█", "#"},
                                                                                 {"░", "."},
                                                                                 {"µ", "u"}}};
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto sign = std::ranges::find_if(signs, [&](const auto& s) { return text.starts_with(s.first); });
    const std::size_t taken = sign == signs.end() ? 1 : sign->first.size();
    out += sign == signs.end() ? text.substr(0, 1) : sign->second;
    text.remove_prefix(taken);
  }
  return out;
}

std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right) {
  std::vector<int> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], columns(row[i]));
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      line += i < right.size() && right[i] ? pad_left(row[i], widths[i]) : pad(row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string heading(std::string_view service, std::string_view target, std::string_view provider,
                    std::string_view place) {
  std::string out = std::string(service) + " → " + std::string(target);
  // A target that bears its provider's name says it once; this machine needs no place.
  if (provider == "local") return out;
  out += " (" + std::string(provider);
  if (!place.empty()) out += " " + printable(place);
  return out + ")";
}

std::string_view plural(std::int64_t count) { return count == 1 ? "" : "s"; }

}  // namespace mdl::cli
