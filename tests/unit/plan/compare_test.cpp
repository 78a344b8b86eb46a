#include <doctest/doctest.h>

#include "core/plan/plan.hpp"

using namespace mdl;
using plan::compare;
using plan::FieldDiff;

namespace {

Value json(std::string_view text) { return parse_json(text).value(); }

std::vector<FieldDiff> differences(std::string_view desired, std::string_view observed,
                                   const std::vector<std::string>& whole = {}) {
  return compare(json(desired), json(observed), whole);
}

}  // namespace

TEST_CASE("compare: what only the platform has set is no difference") {
  CHECK(differences(R"({"a":1,"b":{"c":"x"}})", R"({"b":{"c":"x","d":true},"a":1.0,"e":[1]})").empty());
  CHECK(differences("{}", R"({"a":1})").empty());
  CHECK(differences(R"({"a":{}})", "{}").empty());
  CHECK(differences(R"({"a":null})", "{}").empty());
}

TEST_CASE("compare: what we set and is another, or is not there, is a difference") {
  CHECK(differences(R"({"m":1024,"b":{"c":"x","d":2}})", R"({"m":512,"b":{"c":"y"}})") ==
        std::vector<FieldDiff>{{"m", 512, 1024, {}}, {"b.c", "y", "x", {}}, {"b.d", {}, 2, {}}});
  CHECK(differences(R"({"b":{"c":1}})", "{}") == std::vector<FieldDiff>{{"b.c", {}, 1, {}}});
  CHECK(differences(R"({"a":null})", R"({"a":1})") == std::vector<FieldDiff>{{"a", 1, {}, {}}});
  CHECK(differences(R"({"b":{}})", R"({"b":"text"})").size() == 1);
  CHECK(differences(R"({"l":[1,2]})", R"({"l":[2,1]})").size() == 1);
}

TEST_CASE("compare: in maps that are ours whole, what is gone is a difference") {
  const std::vector<std::string> whole = {"env.*", "parts.*.labels.*"};
  CHECK(differences(R"({"env":{"A":"1"}})", R"({"env":{"A":"1","B":"2"},"x":{"y":1}})", whole) ==
        std::vector<FieldDiff>{{"env.B", "2", {}, {}}});
  CHECK(differences("{}", R"({"env":{"B":"2"}})", whole) == std::vector<FieldDiff>{{"env.B", "2", {}, {}}});
  CHECK(differences(R"({"env":{"A":"1"}})", R"({"env":{"A":"1","B":"2"}})").empty());
  CHECK(differences(R"({"parts":{"p":{"labels":{}}}})", R"({"parts":{"p":{"labels":{"l":1},"other":2}}})",
                    whole) == std::vector<FieldDiff>{{"parts.p.labels.l", 1, {}, {}}});
}

TEST_CASE("compare: objects in lists are compared by their place") {
  CHECK(differences(R"({"c":[{"image":"a"},{"image":"b"}]})",
                    R"({"c":[{"image":"a","pull":"Always"},{"image":"x"}]})") ==
        std::vector<FieldDiff>{{"c.1.image", "x", "b", {}}});
  CHECK(differences(R"({"c":[{"image":"a"}]})", R"({"c":[{"image":"a"},{"image":"b"}]})").size() == 1);
}
