#include "providers/local/gateway/split.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <vector>

using namespace mdl::local;
using namespace mdl::local::gateway;

TEST_CASE("gateway: a tenth of the split is a tenth of any hundred requests") {
  SplitChoice choice;
  choice.assign({{.release = 7, .weight = 0.9}, {.release = 8, .weight = 0.1}});
  std::vector<int> chosen;
  for (int i = 0; i < 1000; ++i) chosen.push_back(choice.next());
  for (std::size_t start = 0; start + 100 <= chosen.size(); ++start)
    REQUIRE(std::count(chosen.begin() + static_cast<long>(start),
                       chosen.begin() + static_cast<long>(start) + 100, 8) == 10);
}

TEST_CASE("gateway: the split keeps its place when it is assigned again unchanged") {
  const mdl::plan::Split split{{.release = 7, .weight = 0.9}, {.release = 8, .weight = 0.1}};
  SplitChoice choice;
  int eights = 0;
  for (int i = 0; i < 100; ++i) {
    choice.assign(split);
    eights += choice.next() == 8 ? 1 : 0;
  }
  CHECK(eights == 10);
}

TEST_CASE("gateway: shares without weight are never chosen, and an empty split chooses nothing") {
  SplitChoice choice;
  choice.assign({{.release = 7, .weight = 0}, {.release = 8, .weight = 1}});
  for (int i = 0; i < 20; ++i) CHECK(choice.next() == 8);
  CHECK_FALSE(choice.contains(7));
  choice.assign({});
  CHECK(choice.next() == 0);
  CHECK(choice.empty());
}
