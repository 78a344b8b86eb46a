#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// How text for people is laid out. Views write UTF-8; where the locale is another one, `ascii` replaces mdl's
// own signs.
namespace mdl::cli {

struct Style {
  bool terminal = false;  // lines may be rewritten
  bool colour = false;
  bool utf8 = true;
  int width = 80;
};

enum class Colour { none, red, green, yellow, blue, dim, bold };
// The text in that colour, or as it is when the style has none.
std::string paint(const Style& style, Colour colour, std::string_view text);

// Columns that a text takes on a terminal: one a code point.
int columns(std::string_view text);
std::string pad(std::string_view text, int width);  // on the right
std::string pad_left(std::string_view text, int width);

// The first `width` columns; an ellipsis shows that there was more.
std::string shorten(std::string_view text, int width);

// → … · ▁▂▃▄▅▆▇█ and the like as ASCII: "->", "...", "-", "_.-:=+*#".
std::string ascii(std::string_view text);

// Rows in columns two spaces apart, the header first; `right` says which columns are aligned to the right.
// Cells may hold colour.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right);

// A header line "credit-risk → prod (aws 123456789012, eu-central-1)".
std::string heading(std::string_view service, std::string_view target, std::string_view provider,
                    std::string_view place);

// "s" unless the count is one.
std::string_view plural(std::int64_t count);

}  // namespace mdl::cli
