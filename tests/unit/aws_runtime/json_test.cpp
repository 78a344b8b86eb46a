#include "providers/aws/runtime/json.hpp"

#include <doctest/doctest.h>
#include <random>

#include "core/util/value.hpp"
#include "providers/aws/runtime/settings.hpp"

using namespace mdl;
using namespace mdl::aws::runtime;

TEST_CASE("runtime: JSON is read as the specification says, and nothing else is") {
  for (const auto* good : {"{}", "[]", " [1, -2.5e+3 ,0] ", "\"\\u00fc\\n\\/\"", "true", "null",
                           "{\"a\":{\"b\":[{}]},\"a\":1}", "0", "-0.1E-2"})
    CHECK_MESSAGE(Json::parse(good), good);
  for (const auto* bad :
       {"",    " ",       "{",           "}",       "[1,]",   "{\"a\"}", "{\"a\":}",   "{a:1}", "'a'",
        "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\u12", "\"\n\"", "01",      "1.",         "-",     "+1",
        ".5",  "1e",      "tru",         "nulll",   "1 2",    "[1}",     "{\"a\":1,}", "\"\\"})
    CHECK_MESSAGE(!Json::parse(bad), bad);
  CHECK(Json::parse(std::string(200, '[') + std::string(200, ']')));
  CHECK(!Json::parse(std::string(300, '[') + std::string(300, ']')));
  CHECK(!Json::parse(std::string(1'000'000, '[')));
}

TEST_CASE("runtime: members are found past nested values, escapes and quotes") {
  const auto json = Json::parse(
      R"({ "a" : {"x":"}]\"\\"} , "b\u0062":[1,"[",{"c":2}], "c" : "\\\"" , "d":-1.5,"e":true, "n":null })");
  REQUIRE(json);
  CHECK((*json)["a"]["x"].text() == "}]\"\\");
  CHECK((*json)["bb"].items().size() == 3);
  CHECK((*json)["bb"].items()[2]["c"].raw() == "2");
  CHECK((*json)["c"].text() == "\\\"");
  CHECK((*json)["d"].raw() == "-1.5");
  CHECK((*json)["e"].is_true());
  CHECK((*json)["n"].type() == Json::Type::null);
  CHECK((*json)["absent"].type() == Json::Type::null);
  CHECK((*Json::parse(R"({"a":1,"a":2})"))["a"].raw() == "2");
  CHECK(minified((*json)["bb"]) == R"([1,"[",{"c":2}])");
}

TEST_CASE("runtime: text is decoded to UTF-8 and written back") {
  CHECK(Json::parse(R"("\ud83d\ude00\u20ac\t")")->text() == "😀€\t");
  CHECK(Json::parse(R"("\ud83d\u0041\udc00")")->text() ==
        "\xEF\xBF\xBD"
        "A"
        "\xEF\xBF\xBD");
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 12, '\0');
    for (auto& c : bytes) c = "a\"\\\n\x01\x7f\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xff"[random() % 17];
    std::string quoted;
    append_quoted(quoted, bytes);
    const auto json = Json::parse(quoted);
    REQUIRE(json);
    const auto other = parse_json(quoted);
    REQUIRE_MESSAGE(other, quoted);
    CHECK(json->text() == other->as_string());
    if (is_valid_utf8(bytes)) CHECK(json->text() == bytes);
  }
}

TEST_CASE("runtime: C71 lists of statuses are parsed, and garbage is refused") {
  const auto statuses = Statuses::parse("200-399, 404");
  REQUIRE(statuses);
  for (const int status : {200, 399, 404}) CHECK(statuses->contains(status));
  for (const int status : {199, 400, 403, 500}) CHECK(!statuses->contains(status));
  for (const auto* bad : {"abc", "200-", "-300", "200-100", "99", "600", "200,,300", "2xx", "200 300"})
    CHECK_MESSAGE(!Statuses::parse(bad), bad);
  const auto usual = parse_settings(R"({"command":["a"]})");
  REQUIRE(usual);
  CHECK(usual->healthy.contains(404));
  CHECK(!usual->healthy.contains(500));
}

TEST_CASE("runtime: settings that are not understood are refused") {
  const auto whole = parse_settings(
      R"({"command":["python3","app.py"],"folder":"/x","path":["bin"],"python_path":["lib"],"port":9000,"health":"/h","healthy":"200-299","timeout_ms":30000,"stream":true,
    "base_path":"/b","pass_through":"/q","authorization":"x-a","error_statuses":"500-599","drain":false,"before_snapshot":"/s","after_restore":"/r"})");
  REQUIRE_MESSAGE(whole, whole.error().message);
  CHECK(whole->port == 9000);
  CHECK(whole->stream);
  CHECK(!whole->drain);
  CHECK(whole->path == std::vector<std::string>{"bin"});
  CHECK(whole->python_path == std::vector<std::string>{"lib"});
  CHECK(parse_settings(R"({"command":["a"],"port":0})")->port == 0);
  for (const auto* bad :
       {"", "[]", "{}", R"({"command":[]})", R"({"command":"a"})", R"({"command":["a"],"prot":1})",
        R"({"command":["a"],"port":"1"})", R"({"command":["a"],"port":-1})",
        R"({"command":["a"],"port":70000})", R"({"command":["a"],"health":"h"})",
        R"({"command":["a"],"healthy":"no"})", R"({"command":["a"],"stream":1})", R"({"command":["a",1]})",
        R"({"command":["a"],"pass_through":""})"})
    CHECK_MESSAGE(!parse_settings(bad), bad);
}
