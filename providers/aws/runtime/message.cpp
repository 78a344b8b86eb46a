#include "providers/aws/runtime/message.hpp"

#include <algorithm>
#include <initializer_list>

namespace mdl::aws::runtime {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool same_name(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, [](char a, char b) { return lower(a) == lower(b); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string_view value_of(const Headers& headers, std::string_view name) {
  for (const auto& header : headers)
    if (same_name(header.name, name)) return header.value;
  return {};
}

void remove(Headers& headers, std::string_view name) {
  std::erase_if(headers, [&](const Header& header) { return same_name(header.name, name); });
}

void remove_hop_by_hop(Headers& headers) {
  std::string named;
  for (const auto& header : headers)
    if (same_name(header.name, "connection")) named += header.value + ',';
  for (std::string_view rest = named; !rest.empty();) {
    const auto comma = rest.find(',');
    remove(headers, trimmed(rest.substr(0, comma)));
    rest.remove_prefix(comma + 1);
  }
  for (const auto* name : {"connection", "keep-alive", "proxy-connection", "proxy-authenticate",
                           "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"})
    remove(headers, name);
}

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace mdl::aws::runtime
