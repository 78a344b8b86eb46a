#include "providers/local/gateway/header_scan.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace mdl::local;
using namespace mdl::local::gateway;
using State = HeaderScan::State;

namespace {

State scan(std::string_view text) {
  HeaderScan scan;
  return scan.feed(text);
}

std::string with(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n\r\n";
}

}  // namespace

TEST_CASE("gateway: a plain header is complete at its empty line, wherever it is cut") {
  const std::string text = with("Content-Length: 3\r\nX-Empty:\r\nX-Tab:\ta\tb") + "abc";
  for (std::size_t cut = 0; cut < text.size() - 3; ++cut) {
    HeaderScan scan;
    REQUIRE(scan.feed(text.substr(0, cut)) == State::more);
    REQUIRE(scan.feed(text) == State::complete);
    REQUIRE(scan.size() == text.size() - 3);
  }
}

TEST_CASE("gateway: header text that two servers might read differently is refused") {
  CHECK(scan("GET / HTTP/1.1\nHost: a\n\n") == State::bad);
  CHECK(scan("\n") == State::bad);
  CHECK(scan("GET / HTTP/1.1\r\nHost: a\n") == State::bad);
  CHECK(scan(with("X: a\rb")) == State::bad);
  CHECK(scan(with(std::string("X: a\0b", 6))) == State::bad);
  CHECK(scan(with("X: a\x7f")) == State::bad);
  CHECK(scan(with("X: a\r\n folded")) == State::bad);
  CHECK(scan(with("X: a\r\n\tfolded")) == State::bad);
  CHECK(scan(with("Content-Length : 3")) == State::bad);
  CHECK(scan(with("Content Length: 3")) == State::bad);
  CHECK(scan(with(": 3")) == State::bad);
  CHECK(scan(with("no colon")) == State::bad);
  CHECK(scan(with("X\x80: 3")) == State::bad);
}

TEST_CASE("gateway: an ambiguous length of the body is refused") {
  CHECK(scan(with("Content-Length: 3\r\nTransfer-Encoding: chunked")) == State::bad);
  CHECK(scan(with("transfer-encoding: chunked\r\nCONTENT-LENGTH: 3")) == State::bad);
  CHECK(scan(with("Content-Length: 3\r\nContent-Length: 4")) == State::bad);
  CHECK(scan(with("Content-Length: 3, 4")) == State::bad);
  CHECK(scan(with("Content-Length: +3")) == State::bad);
  CHECK(scan(with("Content-Length: -3")) == State::bad);
  CHECK(scan(with("Content-Length: 0x3")) == State::bad);
  CHECK(scan(with("Content-Length:")) == State::bad);
  CHECK(scan(with("Transfer-Encoding: xchunked")) == State::bad);
  CHECK(scan(with("Transfer-Encoding: gzip, chunked")) == State::bad);
  CHECK(scan(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")) == State::bad);
  CHECK(scan("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == State::bad);
  CHECK(scan(with("Transfer-Encoding: \t Chunked \t")) == State::complete);
}

TEST_CASE("gateway: HTTP/1.1 needs exactly one Host, HTTP/1.0 none") {
  CHECK(scan("GET / HTTP/1.1\r\nX: a\r\n\r\n") == State::bad);
  CHECK(scan(with("Host: b")) == State::bad);
  CHECK(scan("GET / HTTP/1.0\r\n\r\n") == State::complete);
}
