#include "core/util/text.hpp"

#include <doctest/doctest.h>

using namespace mdl;
using namespace std::chrono_literals;

TEST_CASE("text: a mistyped word finds its neighbour, another word finds none") {
  const std::vector<std::string_view> fields = {"scale", "secrets", "resources", "env", "http"};
  CHECK(nearest("scael", fields) == "scale");
  CHECK(nearest("evn", fields) == "env");  // a swap is one mistake, not two
  CHECK(nearest("secret", fields) == "secrets");
  CHECK(nearest("htpt", fields) == "http");
  CHECK(nearest("resuorces", fields) == "resources");
  CHECK_FALSE(nearest("colour", fields));
  CHECK_FALSE(nearest("", fields));
  CHECK_FALSE(nearest("x", fields));
  CHECK_FALSE(nearest(std::string(1'000'000, 'x'), fields));
}

TEST_CASE("text: durations read as people say them") {
  CHECK(readable_duration(0ms) == "0.00s");
  CHECK(readable_duration(40ms) == "0.04s");
  CHECK(readable_duration(94ms) == "0.09s");
  CHECK(readable_duration(95ms) == "0.1s");
  CHECK(readable_duration(900ms) == "0.9s");
  CHECK(readable_duration(12'440ms) == "12.4s");
  CHECK(readable_duration(59'949ms) == "59.9s");
  CHECK(readable_duration(59'960ms) == "1m00s");
  CHECK(readable_duration(198s) == "3m18s");
  CHECK(readable_duration(3'599'600ms) == "1h00m");
  CHECK(readable_duration(62min) == "1h02m");
  CHECK(readable_duration(-5ms) == "0.00s");
}

TEST_CASE("text: bytes, ages and counts read as people say them") {
  CHECK(readable_bytes(0) == "0 B");
  CHECK(readable_bytes(812) == "812 B");
  CHECK(readable_bytes(1000) == "1.0 kB");
  CHECK(readable_bytes(8'100'000) == "8.1 MB");
  CHECK(readable_bytes(999'960) == "1.0 MB");
  CHECK(readable_bytes(1'200'000'000) == "1.2 GB");
  CHECK(readable_bytes(UINT64_MAX) == "18.4 EB");
  CHECK(readable_age(9s) == "9s");
  CHECK(readable_age(119s) == "1m");
  CHECK(readable_age(1h) == "1h");
  CHECK(readable_age(72h) == "3d");
  CHECK(readable_count(0) == "0");
  CHECK(readable_count(904) == "904");
  CHECK(readable_count(1904) == "1,904");
  CHECK(readable_count(-1'234'567) == "-1,234,567");
  CHECK(readable_count(INT64_MIN) == "-9,223,372,036,854,775,808");
}

TEST_CASE("text: durations are parsed whole or not at all") {
  CHECK(parse_duration("30s") == 30s);
  CHECK(parse_duration("5m") == 5min);
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("2d") == 48h);
  CHECK(parse_duration("0s") == 0s);
  for (const auto* wrong : {"", "5", "s", "-5s", "5 s", "1.5s", "5x", "5s5s", "5s1m", "1h30",
                            "99999999999999999999s", "9223372036854775807h", "106751991167d999999999h"})
    CHECK_MESSAGE(!parse_duration(wrong), wrong);
}

TEST_CASE("text: sizes are parsed whole or not at all") {
  CHECK(parse_size("1024") == 1024);
  CHECK(parse_size("512Mi") == 536'870'912);
  CHECK(parse_size("1Gi") == 1'073'741'824);
  CHECK(parse_size("1.5Gi") == 1'610'612'736);
  CHECK(parse_size("250M") == 250'000'000);
  CHECK(parse_size("4k") == 4000);
  for (const auto* wrong : {"", "Mi", "-1", "1.5", "1..5Mi", ".5Mi", "1.Mi", "1mi", "1MB", " 1", "1e3", "inf",
                            "nan", "9223372036854775808", "9007199254740992Ti"})
    CHECK_MESSAGE(!parse_size(wrong), wrong);
}

TEST_CASE("text: numbers are the whole text or nothing") {
  CHECK(parse_integer("-12") == -12);
  CHECK(parse_number("1e-6") == 1e-6);
  for (const auto* wrong : {"", "+1", "1x", " 1", "0x10", "9223372036854775808"})
    CHECK_MESSAGE(!parse_integer(wrong), wrong);
  for (const auto* wrong : {"", "nan", "inf", "-inf", "1e999", "1,5"})
    CHECK_MESSAGE(!parse_number(wrong), wrong);
}

TEST_CASE("text: split keeps empty parts and join undoes it") {
  CHECK(split("a,,b,", ',') == std::vector<std::string_view>{"a", "", "b", ""});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
  CHECK(join({"a", "", "b"}, ", ") == "a, , b");
  CHECK(join({}, ",").empty());
  CHECK(join({"same", "same"}, ",") == "same,same");
}

TEST_CASE("text: percent encoding survives any bytes, and bad escapes are refused") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(percent_encode("credit-risk_1.0~") == "credit-risk_1.0~");
  CHECK(percent_encode("a/b c%") == "a%2Fb%20c%25");
  CHECK(percent_decode(percent_encode(all)) == all);
  CHECK(percent_decode("%2f") == "/");
  for (const auto* wrong : {"%", "%2", "%2x", "a%"}) CHECK_MESSAGE(!percent_decode(wrong), wrong);
}

TEST_CASE("text: UTF-8 is judged by RFC 3629") {
  for (const auto* good :
       {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"})
    CHECK_MESSAGE(is_utf8(good), good);
  for (const auto* bad : {"\x80", "\xC0\xAF", "\xC3", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "ok\xE2\x82"})
    CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("text: nothing printable can drive a terminal") {
  CHECK(printable("caf\xC3\xA9\tx") == "caf\xC3\xA9\tx");
  CHECK(printable("\x1b[2J") == "\\x1b[2J");
  CHECK(printable("a\nb\r") == "a\\x0ab\\x0d");
  CHECK(printable("\xC2\x9B"
                  "2J") == "\\xc2\\x9b2J");
  CHECK(printable("\x9B"
                  "2J\x7F") == "\\x9b2J\\x7f");
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
}
