#include "core/oci/stat_cache.hpp"

#include <doctest/doctest.h>

#include "core/util/digest.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using oci::FileStat;
using oci::StatCache;

TEST_CASE("oci: the stat cache finds a digest when every part of the stat is the same") {
  constexpr std::int64_t second = 1'000'000'000;
  const FileStat stat{
      .bytes = 3, .modified_ns = 10 * second, .changed_ns = 11 * second, .inode = 7, .device = 8};
  StatCache cache(20 * second);
  cache.add("a", stat, sha256("abc"));
  CHECK(cache.find("a", stat) == sha256("abc"));
  CHECK(!cache.find("b", stat));
  for (auto part : {&FileStat::bytes, &FileStat::inode, &FileStat::device}) {
    auto other = stat;
    ++(other.*part);
    CHECK(!cache.find("a", other));
  }
  for (auto part : {&FileStat::modified_ns, &FileStat::changed_ns}) {
    auto other = stat;
    ++(other.*part);
    CHECK(!cache.find("a", other));
  }
}

TEST_CASE("oci: the stat cache does not trust files that were touched within 2 s of the reading or later") {
  constexpr std::int64_t second = 1'000'000'000;
  StatCache cache(20 * second);
  const auto trusts = [&](std::int64_t modified, std::int64_t changed) {
    const FileStat stat{.bytes = 3, .modified_ns = modified, .changed_ns = changed, .inode = 7, .device = 8};
    cache.add("a", stat, sha256("abc"));
    return cache.find("a", stat).has_value();
  };
  CHECK(trusts(18 * second, 18 * second));
  CHECK(!trusts(18 * second + 1, 18 * second));
  CHECK(!trusts(10 * second, 18 * second + 1));
  CHECK(!trusts(30 * second, 10 * second));
}

TEST_CASE("oci: the stat cache comes back from its file as it was") {
  const oci::test::Tree tree;
  StatCache cache(5'000'000'000);
  for (const auto* path : {"z", "a", "données", "new\nline"})
    cache.add(path, {.bytes = ~0ull, .modified_ns = -1, .changed_ns = 2, .inode = 3, .device = 4},
              sha256(path));
  tree.write("cache/c", cache.to_bytes());
  const auto loaded = StatCache::load(tree.at("cache/c"));
  CHECK(loaded.to_bytes() == cache.to_bytes());
  CHECK(loaded.size() == 4);
}
