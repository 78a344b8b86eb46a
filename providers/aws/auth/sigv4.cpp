#include "providers/aws/auth/sigv4.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "core/http/url.hpp"
#include "core/util/base64.hpp"
#include "core/util/digest.hpp"
#include "core/util/text.hpp"

namespace mdl::aws {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

struct UrlParts {
  std::string_view before, authority, path, query;
};

UrlParts parts_of(std::string_view url) {
  UrlParts parts;
  const auto scheme = url.find("://");
  const auto start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto end = std::min(url.find_first_of("/?", start), url.size());
  const auto query = std::min(url.find('?', end), url.size());
  parts.before = url.substr(0, query);
  parts.authority = url.substr(start, end - start);
  parts.path = url.substr(end, query - end);
  if (query < url.size()) parts.query = url.substr(query + 1);
  return parts;
}

// 20150830T123600Z
std::string stamp(Time now) {
  const auto text = to_rfc3339(now);
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2) + "T" + text.substr(11, 2) +
         text.substr(14, 2) + text.substr(17, 2) + "Z";
}

std::string scope_of(const Signing& signing) {
  return stamp(signing.now).substr(0, 8) + "/" + signing.region + "/" + signing.service + "/aws4_request";
}

// "." and ".." taken out, repeated slashes made one.
std::string normalized(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const auto segment : split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string out;
  for (const auto segment : kept) out.append("/").append(segment);
  const bool folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  return out.empty() || folder ? out + "/" : out;
}

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/").find(c) != std::string_view::npos;
}

std::string canonical_path(std::string_view path, const Signing& signing) {
  const std::string wanted =
      signing.normalize_path ? normalized(path) : std::string(path.empty() ? "/" : path);
  std::string out;
  for (const char c : wanted) {
    if (plain(c) || (c == '%' && !signing.encode_twice))
      out += c;
    else
      out += percent_encode(std::string_view(&c, 1));
  }
  return out;
}

// Names and values encoded once, sorted by both.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto part : split(query, '&')) {
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    const auto value = equals < part.size() ? part.substr(equals + 1) : std::string_view();
    const auto encoded = [](std::string_view text) {
      return percent_encode(percent_decode(text).value_or(std::string(text)));
    };
    pairs.emplace_back(encoded(part.substr(0, equals)), encoded(value));
  }
  std::ranges::sort(pairs);
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

// Blanks around it removed, runs of blanks within made one.
std::string single_spaced(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// A proxy or the HTTP library may change these on the way.
bool is_signed(const std::string& name) {
  return name != "authorization" && name != "user-agent" && name != "x-amzn-trace-id" && name != "expect" &&
         name != "transfer-encoding" && name != "connection";
}

std::map<std::string, std::string> canonical_headers(const http::Request& request, const Signing& signing) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) {
    const auto key = lower_case(name);
    if (!is_signed(key) || (!signing.sign_token && key == "x-amz-security-token")) continue;
    auto [slot, fresh] = headers.emplace(key, single_spaced(value));
    if (!fresh) slot->second += "," + single_spaced(value);
  }
  if (!headers.contains("host")) {
    const auto place = http::origin(request.url);
    auto host = place.substr(place.find("://") + 3);
    const std::string_view usual = place.starts_with("https:") ? ":443" : ":80";
    if (host.ends_with(usual)) host.resize(host.size() - usual.size());
    headers.emplace("host", host);
  }
  return headers;
}

std::string names_of(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& entry : headers) names += (names.empty() ? "" : ";") + entry.first;
  return names;
}

std::string payload_hash(const http::Request& request, const Signing& signing) {
  return signing.unsigned_payload ? "UNSIGNED-PAYLOAD" : sha256(request.body);
}

std::string signature(const std::string& text, const Credentials& credentials, const Signing& signing) {
  const auto keyed = [](const std::string& key, std::string_view bytes) {
    return *from_hex(hmac_sha256(key, bytes));
  };
  auto key = keyed("AWS4" + credentials.secret_key, stamp(signing.now).substr(0, 8));
  key = keyed(key, signing.region);
  key = keyed(key, signing.service);
  key = keyed(key, "aws4_request");
  return hmac_sha256(key, text);
}

void set_header(http::Request& request, const std::string& name, std::string value) {
  std::erase_if(request.headers, [&](const auto& header) { return http::same_name(header.first, name); });
  request.headers.emplace_back(name, std::move(value));
}

}  // namespace

std::string canonical_request(const http::Request& request, const Signing& signing) {
  const auto url = parts_of(request.url);
  const auto headers = canonical_headers(request, signing);
  std::string out =
      request.method + "\n" + canonical_path(url.path, signing) + "\n" + canonical_query(url.query) + "\n";
  for (const auto& [name, value] : headers) out.append(name).append(":").append(value).append("\n");
  return out + "\n" + names_of(headers) + "\n" + payload_hash(request, signing);
}

std::string string_to_sign(const std::string& canonical, const Signing& signing) {
  return std::string(algorithm) + "\n" + stamp(signing.now) + "\n" + scope_of(signing) + "\n" +
         sha256(canonical);
}

void sign(http::Request& request, const Credentials& credentials, const Signing& signing) {
  set_header(request, "X-Amz-Date", stamp(signing.now));
  if (!credentials.session_token.empty())
    set_header(request, "X-Amz-Security-Token", credentials.session_token);
  if (signing.payload_header) set_header(request, "X-Amz-Content-Sha256", payload_hash(request, signing));
  const auto text = string_to_sign(canonical_request(request, signing), signing);
  set_header(request, "Authorization",
             std::string(algorithm) + " Credential=" + credentials.access_key + "/" + scope_of(signing) +
                 ", SignedHeaders=" + names_of(canonical_headers(request, signing)) +
                 ", Signature=" + signature(text, credentials, signing));
}

std::string presign(const http::Request& request, const Credentials& credentials, const Signing& signing,
                    std::chrono::seconds expires) {
  http::Request asked = request;
  const auto add = [&](std::string_view name, std::string_view value) {
    asked.url.append(asked.url.find('?') == std::string::npos ? "?" : "&");
    asked.url.append(name).append("=").append(percent_encode(value));
  };
  if (parts_of(asked.url).path.empty() && parts_of(asked.url).query.empty()) asked.url += "/";
  const auto headers = canonical_headers(request, signing);
  add("X-Amz-Algorithm", algorithm);
  add("X-Amz-Credential", credentials.access_key + "/" + scope_of(signing));
  add("X-Amz-Date", stamp(signing.now));
  add("X-Amz-SignedHeaders", names_of(headers));
  add("X-Amz-Expires", std::to_string(expires.count()));
  const bool token = !credentials.session_token.empty();
  if (token && signing.sign_token) add("X-Amz-Security-Token", credentials.session_token);
  const auto text = string_to_sign(canonical_request(asked, signing), signing);
  if (token && !signing.sign_token) add("X-Amz-Security-Token", credentials.session_token);
  add("X-Amz-Signature", signature(text, credentials, signing));
  return asked.url;
}

}  // namespace mdl::aws
