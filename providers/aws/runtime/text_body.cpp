#include "providers/aws/runtime/text_body.hpp"

#include <algorithm>
#include <array>

#include "providers/aws/runtime/json.hpp"

namespace mdl::aws::runtime {

namespace {

constexpr auto text_marker = "x-lambda-http-content-encoding";

void append(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

// As browsers read both names (WHATWG Encoding). The five bytes that have no character stand for themselves.
std::string from_windows_1252(std::string_view text) {
  static constexpr std::array<unsigned short, 32> upper{
      0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    append(out, byte >= 0x80 && byte < 0xA0 ? upper[byte - 0x80] : byte);
  }
  return out;
}

bool is_text(std::string_view type) {
  if (type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml") ||
      type.ends_with("+yaml"))
    return true;
  constexpr std::array<std::string_view, 7> known{
      "application/json", "application/javascript", "application/x-javascript",         "application/xml",
      "application/yaml", "application/x-yaml",     "application/x-www-form-urlencoded"};
  return std::ranges::find(known, type) != known.end();
}

struct Charset {
  std::string name;                   // lower-case; empty: not stated
  std::size_t begin = 0, length = 0;  // of the value in the content type
};

Charset charset_of(const std::string& content_type) {
  const auto text = lower(content_type);
  for (auto at = text.find(';'); at != std::string::npos; at = text.find(';', at + 1)) {
    const auto begin = text.find_first_not_of(" \t", at + 1);
    if (begin == std::string::npos || !std::string_view(text).substr(begin).starts_with("charset=")) continue;
    const auto value = begin + 8, end = std::min(text.find(';', value), text.size());
    std::string name(trimmed(std::string_view(text).substr(value, end - value)));
    std::erase(name, '"');
    return {.name = std::move(name), .begin = value, .length = end - value};
  }
  return {};
}

std::optional<std::string> if_utf8(std::string& body) {
  if (!is_valid_utf8(body)) return std::nullopt;
  return std::move(body);
}

std::optional<std::string> decoded(Response& response, std::string& content_type) {
  const auto charset = charset_of(content_type);
  if (charset.name.empty() || charset.name == "utf-8" || charset.name == "utf8" || charset.name == "us-ascii")
    return if_utf8(response.body);
  if (charset.name != "iso-8859-1" && charset.name != "latin1" && charset.name != "windows-1252" &&
      charset.name != "cp1252")
    return std::nullopt;
  content_type.replace(charset.begin, charset.length, "utf-8");
  remove(response.headers, "content-length");
  return from_windows_1252(response.body);
}

}  // namespace

std::optional<std::string> text_of(Response& response) {
  const bool marked = same_name(value_of(response.headers, text_marker), "text");
  remove(response.headers, text_marker);
  const auto encoding = value_of(response.headers, "content-encoding");
  if (!encoding.empty() && !same_name(encoding, "identity")) return std::nullopt;
  if (marked) return if_utf8(response.body);
  for (auto& [name, value] : response.headers) {
    if (!same_name(name, "content-type")) continue;
    const auto type = lower(trimmed(std::string_view(value).substr(0, value.find(';'))));
    return is_text(type) ? decoded(response, value) : std::nullopt;
  }
  return if_utf8(response.body);
}

std::string header_text(const std::string& value) {
  if (is_valid_utf8(value)) return value;
  std::string out;
  for (const char c : value) append(out, static_cast<unsigned char>(c));
  return out;
}

}  // namespace mdl::aws::runtime
