#include "providers/local/gateway/header_scan.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace mdl::local::gateway {

namespace {

bool is_token(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

}  // namespace

HeaderScan::State HeaderScan::feed(std::string_view text) {
  for (;;) {
    const auto end = text.find('\n', std::max(line_, seen_));
    if (end == std::string_view::npos) {
      seen_ = text.size();
      return State::more;
    }
    if (end == line_ || text[end - 1] != '\r') {
      refuse("a line does not end with CR LF");
      return State::bad;
    }
    const auto content = text.substr(line_, end - 1 - line_);
    line_ = end + 1;
    if (content.empty() && !first_) {
      if (host_ || http10_) return State::complete;
      refuse("the Host field is missing");
      return State::bad;
    }
    if (!line(content)) return State::bad;
  }
}

bool HeaderScan::line(std::string_view text) {
  if (has_control(text)) return refuse("a control character in the header");
  if (first_) {
    first_ = false;
    http10_ = text.ends_with(" HTTP/1.0");
    return text.empty() ? refuse("an empty request line") : true;
  }
  if (text.front() == ' ' || text.front() == '\t') return refuse("a folded header line");
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return refuse("a header line without a colon");
  const auto name = text.substr(0, colon);
  if (name.empty() || !std::ranges::all_of(name, is_token)) return refuse("a bad header name");
  return field(name, trimmed(text.substr(colon + 1)));
}

bool HeaderScan::field(std::string_view name, std::string_view value) {
  if (same(name, "host")) {
    if (std::exchange(host_, true)) return refuse("several Host fields");
  } else if (same(name, "content-length")) {
    if (std::exchange(length_, true)) return refuse("several Content-Length fields");
    if (value.empty() || !std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; }))
      return refuse("a bad Content-Length");
  } else if (same(name, "transfer-encoding")) {
    if (std::exchange(encoding_, true)) return refuse("several Transfer-Encoding fields");
    if (!same(value, "chunked")) return refuse("a Transfer-Encoding other than chunked");
    if (http10_) return refuse("Transfer-Encoding in an HTTP/1.0 request");
  }
  if (length_ && encoding_) return refuse("both Content-Length and Transfer-Encoding");
  return true;
}

}  // namespace mdl::local::gateway
