#include "core/oci/glob.hpp"

#include <doctest/doctest.h>
#include <string>

using mdl::oci::Glob;

TEST_CASE("oci: include patterns match names, sets and any number of folders") {
  const auto matches = [](const char* pattern, const char* path) { return Glob(pattern).matches(path); };
  CHECK(matches("a.py", "a.py"));
  CHECK(!matches("a.py", "b/a.py"));
  CHECK(matches("a", "a/b/c"));
  CHECK(!matches("a/b", "a"));
  CHECK(matches("*.py", "a.py"));
  CHECK(!matches("*.py", "b/a.py"));
  CHECK(matches("**/*.py", "a.py"));
  CHECK(matches("**/*.py", "b/c/a.py"));
  CHECK(matches("src/**/test/*.py", "src/a/test/b/test/x.py"));
  CHECK(!matches("src/**/test/*.py", "src/a/test/b/x.txt"));
  CHECK(matches("src/**", "src/a"));
  CHECK(!matches("src/**", "srca"));
  CHECK(matches("?[a-c][!x].t", "zby.t"));
  CHECK(!matches("?[a-c][!x].t", "zbx.t"));
  CHECK(matches("[]]", "]"));
  CHECK(matches("[a", "[a"));
  CHECK(matches("**", "a/b"));
  CHECK(matches("./a//b/", "a/b/c"));
}

TEST_CASE("oci: include patterns say which folders need not be read") {
  CHECK(Glob("src/**").may_match_below("src"));
  CHECK(Glob("src/**").may_match_below("src/a"));
  CHECK(!Glob("src/**").may_match_below("data"));
  CHECK(!Glob("src/**").may_match_below("srcs"));
  CHECK(Glob("a/b/*.py").may_match_below("a"));
  CHECK(!Glob("a/b/*.py").may_match_below("a/c"));
  CHECK(Glob("**/x").may_match_below("anything/at/all"));
}

TEST_CASE("oci: include patterns with many stars answer at once") {
  std::string names, path;
  for (int i = 0; i < 60; ++i) names += "**/a*/", path += "aaaaaaaa/";
  CHECK(!Glob(names + "b").matches(path + "c"));
  CHECK(!Glob(std::string(200, '*') + "a*a*a*a*a*a*b").matches(std::string(250, 'a')));
}
