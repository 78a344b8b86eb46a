#include "providers/local/gateway/heads.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <charconv>

namespace mdl::local::gateway {

namespace {

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool same(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

template <class Number>
void append_number(std::string& out, Number number, int base = 10) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, number, base).ptr;
  out.append(text, end);
}

bool is_hop_by_hop(http::field name) {
  switch (name) {
    case http::field::connection:
    case http::field::keep_alive:
    case http::field::proxy_connection:
    case http::field::proxy_authenticate:
    case http::field::proxy_authorization:
    case http::field::te:
    case http::field::trailer:
    case http::field::transfer_encoding:
    case http::field::upgrade:
      return true;
    default:
      return false;
  }
}

// The words of Connection beyond the usual ones: they name further fields of this hop. Nobody may name away
// what the message's meaning rests on.
template <class Fields>
std::string named_by_connection(const Fields& fields) {
  std::string names;
  for (const auto& field : fields) {
    if (field.name() != http::field::connection) continue;
    for (const auto token : http::token_list(field.value())) {
      const auto word = view(token);
      bool kept = false;
      for (const auto usual : {"close", "keep-alive", "upgrade", "host", "content-length", "content-type",
                               "expect", "authorization", "cookie", "mdl-release"})
        kept = kept || same(word, usual);
      if (!kept) names.append(names.empty() ? "" : ",").append(word);
    }
  }
  return names;
}

}  // namespace

bool has_token(std::string_view list, std::string_view word) {
  http::token_list tokens({list.data(), list.size()});
  return tokens.exists({word.data(), word.size()});
}

void append_chunk_size(std::string& out, std::size_t size) {
  append_number(out, size, 16);
  out += "\r\n";
}

void append_request_head(std::string& out, const RequestParser::value_type& request,
                         const RequestShape& shape) {
  out.append(view(request.method_string()))
      .append(" ")
      .append(view(request.target()))
      .append(" HTTP/1.1\r\n");
  const std::string named = named_by_connection(request);
  std::string forwarded_for;
  bool proto = false, forwarded_host = false;
  std::string_view host, upgrade;
  for (const auto& field : request) {
    const auto name = view(field.name_string()), value = view(field.value());
    if (field.name() == http::field::upgrade) upgrade = value;
    if (is_hop_by_hop(field.name()) || field.name() == http::field::content_length ||
        field.name() == http::field::expect)
      continue;
    if (!named.empty() && has_token(named, name)) continue;
    if (field.name() == http::field::host) {
      if (value.empty()) continue;
      host = value;
    }
    if (field.name() == http::field::unknown) {
      if (same(name, "X-Forwarded-For")) {
        forwarded_for.append(forwarded_for.empty() ? "" : ", ").append(value);
        continue;
      }
      proto = proto || same(name, "X-Forwarded-Proto");
      forwarded_host = forwarded_host || same(name, "X-Forwarded-Host");
    }
    append_field(out, name, value);
  }
  std::string local;
  if (host.empty()) {
    local = "127.0.0.1:";
    append_number(local, shape.port);
    host = local;
    append_field(out, "Host", host);
  }
  append_field(out, "X-Forwarded-For",
               forwarded_for.append(forwarded_for.empty() ? "" : ", ").append("127.0.0.1"));
  if (!proto) append_field(out, "X-Forwarded-Proto", "http");
  if (!forwarded_host) append_field(out, "X-Forwarded-Host", host);
  if (shape.framing == Framing::chunked) {
    append_field(out, "Transfer-Encoding", "chunked");
  } else if (shape.length) {
    out += "Content-Length: ";
    append_number(out, *shape.length);
    out += "\r\n";
  }
  if (shape.upgrade) {
    append_field(out, "Connection", "Upgrade");
    append_field(out, "Upgrade", upgrade);
  }
  out += "\r\n";
}

void append_response_head(std::string& out, const ResponseParser::value_type& response,
                          const ResponseShape& shape) {
  out += "HTTP/1.1 ";
  append_number(out, response.result_int());
  out.append(" ").append(view(response.reason())).append("\r\n");
  const std::string named = named_by_connection(response);
  std::string_view upgrade;
  for (const auto& field : response) {
    const auto name = view(field.name_string());
    if (field.name() == http::field::upgrade) upgrade = view(field.value());
    if (is_hop_by_hop(field.name()) || same(name, "mdl-release")) continue;
    if (field.name() == http::field::content_length &&
        (shape.framing == Framing::chunked || shape.framing == Framing::until_close ||
         response.result_int() == 204))
      continue;
    if (!named.empty() && has_token(named, name)) continue;
    append_field(out, name, view(field.value()));
  }
  out += "mdl-release: ";
  append_number(out, shape.release);
  out += "\r\n";
  if (shape.framing == Framing::chunked) append_field(out, "Transfer-Encoding", "chunked");
  if (shape.upgrade) {
    append_field(out, "Connection", "Upgrade");
    if (!upgrade.empty()) append_field(out, "Upgrade", upgrade);
  } else if (!shape.keep_alive) {
    append_field(out, "Connection", "close");
  } else if (shape.http10) {
    append_field(out, "Connection", "keep-alive");
  }
  out += "\r\n";
}

}  // namespace mdl::local::gateway
