#include "core/fetch/beginning.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/time.hpp"
#include "tests/fakes/weights_source.hpp"

using namespace mdl;
using fakes::WeightsSource;

namespace {

struct World {
  WeightsSource source;
  fakes::FakeClock clock;
  fakes::FakeSleeper sleeper{clock};
  oci::Remote file{.path = "m.gguf",
                   .from = "https://models.example/m.gguf",
                   .url = "https://models.example/m.gguf",
                   .bytes = 10'000};

  World() { source.data = "begin" + std::string(9'995, 'x'); }
  Result<std::string> beginning(std::uint64_t bytes) {
    return fetch::beginning(file,
                            {.transport = source,
                             .clock = clock,
                             .sleeper = sleeper,
                             .interrupt = nullptr,
                             .hub = {.token = "secret"},
                             .store = {},
                             .cache = {}},
                            bytes);
  }
};

}  // namespace

TEST_CASE("fetch: the beginning of a file is one request for so many bytes") {
  World world;
  CHECK(world.beginning(7) == "beginxx");
  REQUIRE(world.source.asked.size() == 1);
  CHECK(WeightsSource::header(world.source.asked[0], "Range") == "bytes=0-6");
  CHECK(WeightsSource::header(world.source.asked[0], "Authorization").empty());
  CHECK(world.source.sent == 7);
  CHECK(world.beginning(20'000) == world.source.data);
  world.file.hub = true;
  CHECK(world.beginning(1).has_value());
  CHECK(WeightsSource::header(world.source.asked.back(), "Authorization") == "Bearer secret");
}

TEST_CASE(
    "fetch: of a source without parts, or with another file by now, nothing is taken as the beginning") {
  World world;
  SUBCASE("the whole") { world.source.ranges = false; }
  SUBCASE("another size") { world.file.bytes = 9'000; }
  SUBCASE("gone") { world.source.before.push_back({.status = 404, .headers = {}, .body = "no"}); }
  const auto text = world.beginning(7);
  REQUIRE_FALSE(text);
  CHECK(text.error().kind == ErrorKind::refused);
  CHECK(world.source.sent == 0);
}
