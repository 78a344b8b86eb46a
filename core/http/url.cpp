#include "core/http/url.hpp"

#include <algorithm>

#include "core/http/transport.hpp"

namespace mdl::http {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::size_t authority_start(std::string_view url) {
  const auto scheme = url.find("://");
  return scheme == std::string_view::npos ? 0 : scheme + 3;
}

}  // namespace

std::string shown_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto start = authority_start(url);
  const auto authority = url.substr(start, url.substr(start).find('/'));
  const auto at = authority.rfind('@');
  const auto skipped = at == std::string_view::npos ? 0 : at + 1;
  return std::string(url.substr(0, start)) + std::string(url.substr(start + skipped));
}

std::string joined_url(std::string_view base, std::string_view location) {
  location = location.substr(0, location.find('#'));
  const auto scheme = location.find("://");
  if (scheme != std::string_view::npos && location.find_first_of("/?") > scheme) return std::string(location);
  const auto start = authority_start(base);
  if (location.starts_with("//")) return std::string(base.substr(0, start - 2)) + std::string(location);
  const auto path = std::min(base.find_first_of("/?#", start), base.size());
  if (location.starts_with('/')) return std::string(base.substr(0, path)) + std::string(location);
  const auto whole = base.substr(0, base.find_first_of("?#"));
  if (location.starts_with('?')) return std::string(whole) + std::string(location);
  const auto slash = whole.rfind('/');
  const auto folder = slash == std::string_view::npos || slash < path
                          ? std::string(whole) + "/"
                          : std::string(whole.substr(0, slash + 1));
  return folder + std::string(location);
}

std::string origin(std::string_view url) {
  auto shown = shown_url(url);
  if (const auto path = shown.find('/', authority_start(shown)); path != std::string::npos)
    shown.resize(path);
  return shown;
}

bool is_loopback(std::string_view url) {
  const auto place = origin(url);
  auto host = std::string_view(place).substr(authority_start(place));
  host = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
  if (host == "[::1]" || same_name(host, "localhost")) return true;
  // 127.evil.example is a name, not an address.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool same_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

std::string_view Response::header(std::string_view name) const {
  const auto found =
      std::ranges::find_if(headers, [&](const auto& header) { return same_name(header.first, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace mdl::http
