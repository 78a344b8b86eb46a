#include "core/oci/read_ahead.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "core/oci/descriptor.hpp"
#include "core/util/digest.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;

TEST_CASE("oci: reading ahead gives every byte once and in order, whatever size it was told") {
  const oci::test::Tree tree;
  std::string bytes(5'000'003, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 / 7);
  tree.write("file", bytes);
  for (const std::uint64_t told : {std::uint64_t{0}, std::uint64_t{5'000'003}, std::uint64_t{1} << 40}) {
    const oci::Descriptor descriptor(::open(tree.at("file").c_str(), O_RDONLY | O_CLOEXEC));
    oci::ReadAhead blocks(descriptor.get(), told);
    std::string read;
    for (auto block = blocks.next(); !block.empty(); block = blocks.next()) read += block;
    CHECK(read == bytes);
    CHECK(blocks.next().empty());
    CHECK(blocks.error() == 0);
  }
}

TEST_CASE("oci: reading ahead can be left at any time, and says what failed") {
  const oci::test::Tree tree;
  tree.write("file", std::string(10'000'000, 'x'));
  const oci::Descriptor descriptor(::open(tree.at("file").c_str(), O_RDONLY | O_CLOEXEC));
  {
    oci::ReadAhead blocks(descriptor.get(), 1u << 30);
    CHECK(!blocks.next().empty());
  }
  const oci::Descriptor folder(::open(tree.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const std::uint64_t told : {std::uint64_t{0}, std::uint64_t{1} << 40}) {
    oci::ReadAhead blocks(folder.get(), told);
    CHECK(blocks.next().empty());
    CHECK(blocks.error() == EISDIR);
  }
}
