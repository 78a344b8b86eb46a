#include "providers/local/gateway/header_scan.hpp"
#include "providers/local/gateway/heads.hpp"
#include "tests/fuzz/targets.hpp"

namespace mdl::fuzz {

namespace {

using namespace local::gateway;
using State = HeaderScan::State;

struct Scanned {
  State state = State::more;
  std::size_t size = 0;
  std::string why;
  bool operator==(const Scanned&) const = default;
};

// As a session does: feeds all that has come, until it is told enough.
Scanned scan(std::string_view bytes, Cuts* cuts) {
  HeaderScan scan;
  auto state = State::more;
  for (std::size_t have = 0; state == State::more && have < bytes.size();) {
    have = std::min(bytes.size(), have + (cuts ? cuts->next(bytes.size()) : bytes.size()));
    state = scan.feed(bytes.substr(0, have));
  }
  return {state, state == State::complete ? scan.size() : 0, state == State::bad ? scan.why() : ""};
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

std::string check_head(const RequestParser& parser) {
  const auto length = parser.content_length();
  RequestShape shape{.framing = parser.chunked() ? Framing::chunked
                                : length         ? Framing::length
                                                 : Framing::none,
                     .length = length ? std::optional<std::uint64_t>(*length) : std::nullopt,
                     .port = 8400};
  std::string head;
  append_request_head(head, parser.get(), shape);
  const auto again = scan(head, nullptr);
  if (again.state != State::complete || again.size != head.size())
    return "a replica gets a header that we would refuse (" + again.why + "):\n" + head;
  if (count(head, "\r\nContent-Length:") + count(head, "\r\nTransfer-Encoding:") > 1)
    return "a replica gets several lengths:\n" + head;
  if (count(head, "\r\nHost:") > 1) return "a replica gets several hosts:\n" + head;
  return "";
}

}  // namespace

std::string request(std::string_view bytes) {
  const auto whole = scan(bytes, nullptr);
  Cuts cuts(bytes);
  for (int i = 0; i < 3; ++i)
    if (!(scan(bytes, &cuts) == whole)) return "the result depends on how the bytes came";
  if (whole.state != State::complete) return "";
  RequestParser parser;
  parser.header_limit(static_cast<std::uint32_t>(whole.size + 1));
  parser.body_limit(boost::none);
  error_code ec;
  const auto used = parser.put(asio::const_buffer(bytes.data(), whole.size), ec);
  if (ec || !parser.is_header_done() || used != whole.size) return "";  // refused
  return check_head(parser);
}

}  // namespace mdl::fuzz
