#include "providers/aws/runtime/http.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace mdl::aws::runtime {

namespace {

constexpr std::size_t longest_head = 256u << 10, longest_line = 8u << 10;

std::unexpected<Error> broken(std::string code, std::string message) {
  return fail(Error{.kind = ErrorKind::invalid, .message = std::move(message), .code = std::move(code)});
}

// All of the text, in that base; false for anything else.
bool read_number(std::string_view text, std::uint64_t& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

bool names(const Headers& headers, std::string_view name, std::string_view word) {
  for (const auto& header : headers)
    if (same_name(header.name, name) && lower(header.value).find(word) != std::string::npos) return true;
  return false;
}

}  // namespace

std::string format_head(const Request& request) {
  std::string out = request.method + ' ' + request.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) ((out += name) += ": ") += value + "\r\n";
  const bool usual = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (usual || !request.body.empty())
    out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return out + "\r\n";
}

Result<Incoming> Incoming::begin(Connection& connection, bool head_request, Millis deadline) {
  Incoming incoming(connection);
  do {
    MDL_CHECK(incoming.read_head(deadline));
  } while (incoming.status_ < 200 && incoming.status_ != 101);
  MDL_CHECK(incoming.choose_framing(head_request));
  return incoming;
}

Result<void> Incoming::read_head(Millis deadline) {
  std::size_t seen = 0;
  for (;;) {
    MDL_TRY(const auto text, connection_->more(seen, deadline));
    if (text.size() == seen)
      return broken(seen == 0 ? "closed" : "cut", "the connection was ended before the answer");
    const auto end = text.find("\r\n\r\n", seen < 3 ? 0 : seen - 3);
    if (end != std::string_view::npos) {
      MDL_CHECK(parse(text.substr(0, end)));
      connection_->consume(end + 4);
      return {};
    }
    seen = text.size();
    if (seen > longest_head) return broken("malformed", "the answer's headers are over 256 KiB");
  }
}

Result<void> Incoming::parse(std::string_view head) {
  auto end = std::min(head.find("\r\n"), head.size());
  const auto first = head.substr(0, end);
  std::uint64_t status = 0;
  if (!first.starts_with("HTTP/1.") || first.size() < 12 || !read_number(first.substr(9, 3), status) ||
      status < 100)
    return broken("malformed", "the answer is not HTTP/1.1");
  status_ = static_cast<int>(status);
  headers_.clear();
  while (end < head.size()) {
    const auto begin = end + 2;
    end = std::min(head.find("\r\n", begin), head.size());
    const auto text = head.substr(begin, end - begin);
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || !is_token(text.substr(0, colon)))
      return broken("malformed", "the answer has a header without a name");
    headers_.push_back({std::string(text.substr(0, colon)), std::string(trimmed(text.substr(colon + 1)))});
  }
  keep_alive_ = !names(headers_, "connection", "close") &&
                (first[7] != '0' || names(headers_, "connection", "keep-alive"));
  return {};
}

Result<void> Incoming::choose_framing(bool head_request) {
  ended_ = head_request || status_ == 204 || status_ == 304 || status_ < 200;
  if (ended_) return {};
  if (names(headers_, "transfer-encoding", "chunked")) {
    framing_ = Framing::chunked;
    return {};
  }
  const auto length = value_of(headers_, "content-length");
  framing_ = length.empty() ? Framing::until_closed : Framing::length;
  if (!length.empty() && !read_number(length, left_))
    return broken("malformed", "the answer's Content-Length is no number");
  ended_ = framing_ == Framing::length && left_ == 0;
  return {};
}

Result<std::string> Incoming::line(Millis deadline) {
  std::size_t seen = 0;
  for (;;) {
    MDL_TRY(const auto text, connection_->more(seen, deadline));
    if (text.size() == seen) return broken("cut", "the answer was ended in its middle");
    if (const auto end = text.find("\r\n"); end != std::string_view::npos) {
      std::string found(text.substr(0, end));
      connection_->consume(end + 2);
      return found;
    }
    seen = text.size();
    if (seen > longest_line) return broken("malformed", "the answer has a chunk without a size");
  }
}

Result<bool> Incoming::next_chunk(Millis deadline) {
  if (in_chunk_) {
    MDL_TRY(const auto empty, line(deadline));
    if (!empty.empty()) return broken("malformed", "a chunk of the answer is longer than it says");
  }
  MDL_TRY(const auto size, line(deadline));
  if (!read_number(trimmed(std::string_view(size).substr(0, size.find(';'))), left_, 16))
    return broken("malformed", "the answer has a chunk without a size");
  in_chunk_ = true;
  if (left_ > 0) return true;
  for (;;) {  // trailers
    MDL_TRY(const auto trailer, line(deadline));
    if (trailer.empty()) return false;
  }
}

Result<std::string_view> Incoming::next(Millis deadline) {
  connection_->consume(std::exchange(given_, 0));
  if (ended_) return std::string_view();
  if (framing_ == Framing::chunked && left_ == 0) {
    MDL_TRY(const bool more, next_chunk(deadline));
    ended_ = !more;
    if (ended_) return std::string_view();
  }
  MDL_TRY(const auto text, connection_->more(0, deadline));
  if (text.empty()) {
    ended_ = framing_ == Framing::until_closed;
    if (!ended_) return broken("cut", "the answer was ended in its middle");
    return text;
  }
  given_ = framing_ == Framing::until_closed ? text.size() : std::min<std::uint64_t>(text.size(), left_);
  left_ -= framing_ == Framing::until_closed ? 0 : given_;
  ended_ = framing_ == Framing::length && left_ == 0;
  return text.substr(0, given_);
}

Result<std::string> Incoming::rest(std::uint64_t most, Millis deadline) {
  std::string body;
  for (;;) {
    MDL_TRY(const auto piece, next(deadline));
    if (piece.empty()) return body;
    body += piece;
    if (body.size() > most) return broken("large", "the answer is over " + std::to_string(most) + " bytes");
  }
}

}  // namespace mdl::aws::runtime
