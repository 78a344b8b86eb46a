#include "core/util/members.hpp"

#include <doctest/doctest.h>

using namespace mdl;

TEST_CASE("members: good members are read, and the first bad one is named") {
  const auto value = Value::object({{"t", "x"},
                                    {"i", 7},
                                    {"r", 1.5},
                                    {"b", true},
                                    {"at", "2026-11-24T11:03:11.204Z"},
                                    {"n", nullptr},
                                    {"big", std::int64_t{1} << 40}});
  Members good(value, "thing");
  CHECK(good.text("t") == "x");
  CHECK(good.number("i") == 7);
  CHECK(good.real("r") == 1.5);
  CHECK(good.boolean("b"));
  CHECK(to_rfc3339(good.time("at")) == "2026-11-24T11:03:11.204Z");
  CHECK_FALSE(good.has("n"));
  CHECK(good.value("n").is_null());
  CHECK(good.result());

  Members bad(value, "thing");
  CHECK(bad.integer("t") == 0);
  CHECK(bad.text("absent").empty());
  CHECK(bad.result().error().message == "thing: 't' must be an integer");
  CHECK(bad.result().error().kind == ErrorKind::invalid);

  Members missing(value, "thing");
  CHECK(missing.array("absent").empty());
  CHECK(missing.result().error().message == "thing: 'absent' is missing");
  Members wide(value, "thing");
  CHECK(wide.number("big") == 0);
  CHECK_FALSE(wide.result());
  Members timeless(value, "thing");
  CHECK(timeless.time("t") == Time{});
  CHECK_FALSE(timeless.result());
  CHECK(Members(Value("text"), "thing").result().error().message == "thing: must be an object");
}
