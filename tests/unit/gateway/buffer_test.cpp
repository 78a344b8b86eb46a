#include "providers/local/gateway/buffer.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace mdl::local::gateway;

namespace {

void fill(Buffer& buffer, std::size_t limit, std::size_t bytes, char with) {
  const auto room = buffer.room(limit);
  REQUIRE(room.size() >= bytes);
  std::memset(room.data(), with, bytes);
  buffer.commit(bytes);
}

}  // namespace

TEST_CASE("gateway: a buffer grows when reads fill it, up to its limit, and keeps what it holds") {
  Buffer buffer;
  CHECK(buffer.room(20'000).size() == Buffer::smallest);
  fill(buffer, 20'000, Buffer::smallest, 'a');
  CHECK(buffer.room(20'000).size() == 3 * Buffer::smallest);
  fill(buffer, 20'000, 3 * Buffer::smallest, 'b');
  CHECK(buffer.room(20'000).size() == 20'000 - 4 * Buffer::smallest);
  fill(buffer, 20'000, 20'000 - 4 * Buffer::smallest, 'c');
  CHECK(buffer.room(20'000).size() == 0);
  const auto text = std::string(buffer.view());
  const bool kept = text == std::string(Buffer::smallest, 'a') + std::string(3 * Buffer::smallest, 'b') +
                                std::string(20'000 - 4 * Buffer::smallest, 'c');
  CHECK(kept);
}

TEST_CASE("gateway: a buffer that reads fill grows although all of it is used in between") {
  Buffer buffer;
  fill(buffer, 100'000, Buffer::smallest, 'a');
  buffer.consume(buffer.size());
  CHECK(buffer.room(100'000).size() == 4 * Buffer::smallest);
}

TEST_CASE("gateway: a buffer that has room does not grow, and gives memory back when it is empty") {
  Buffer buffer;
  fill(buffer, 100'000, 100, 'a');
  buffer.consume(60);
  CHECK(buffer.room(100'000).size() == Buffer::smallest - 40);
  CHECK(buffer.view() == std::string(40, 'a'));
  fill(buffer, 100'000, Buffer::smallest - 40, 'b');
  CHECK(buffer.room(100'000).size() == 3 * Buffer::smallest);
  buffer.shrink();
  CHECK(buffer.size() == Buffer::smallest);
  buffer.consume(buffer.size());
  buffer.shrink();
  CHECK(buffer.room(100'000).size() == Buffer::smallest);
}
