#include "core/util/value.hpp"

#include <doctest/doctest.h>

using mdl::Value;

TEST_CASE("value: a document survives parse and dump") {
  const auto text = R"({"b":1,"a":[true,null,-2.5,"x\"é"],"o":{}})";
  auto value = mdl::parse_json(text);
  REQUIRE(value);
  CHECK(mdl::dump(*value) == text);
  CHECK(mdl::dump_canonical(*value) == R"({"a":[true,null,-2.5,"x\"é"],"b":1,"o":{}})");
}

TEST_CASE("value: duplicate members, deep nesting and trailing text are errors") {
  CHECK_FALSE(mdl::parse_json(R"({"a":1,"a":2})"));
  CHECK_FALSE(mdl::parse_json(std::string(300, '[') + std::string(300, ']')));
  CHECK_FALSE(mdl::parse_json("1 2"));
  CHECK(mdl::parse_json(R"({"a":1,"a":2})").error().message.find("duplicate member 'a'") !=
        std::string::npos);
}

TEST_CASE("value: reading another type gives the fallback") {
  const auto value = Value::object({{"n", 3}, {"s", "t"}});
  CHECK(value["n"].as_string().empty());
  CHECK(value["s"].as_integer(7) == 7);
  CHECK(value["absent"].is_null());
  CHECK(value["n"] == Value(3.0));
}
