#include "core/util/base64.hpp"

#include <doctest/doctest.h>

using namespace mdl;

TEST_CASE("base64: the test vectors of RFC 4648") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(base64(bytes) == text);
    CHECK(from_base64(text) == bytes);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  CHECK(from_base64(base64(all)) == all);
}

TEST_CASE("base64: what nothing writes is not read") {
  for (const auto* text : {"Zg", "Zg=", "Zh==", "Z===", "====", "Zm9v\n", "Zm 9v", "Zm9v=", "Zm-_"})
    CHECK_MESSAGE(!from_base64(text), text);
}

TEST_CASE("base64: hex digits of either case become bytes") {
  CHECK(from_hex("00ffAb") == std::string("\0\xff\xab", 3));
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("0g"));
}
