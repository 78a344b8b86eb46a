#include "core/fetch/download.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <random>
#include <sys/file.h>

#include "core/fetch/fetch.hpp"
#include "core/fetch/store.hpp"
#include "core/http/pipeline.hpp"
#include "core/util/digest.hpp"
#include "tests/fakes/time.hpp"
#include "tests/fakes/weights_source.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using fakes::WeightsSource;
using oci::test::Tree;

namespace {

std::string some_bytes(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

struct World {
  Tree tree;
  WeightsSource source;
  fakes::FakeClock clock;
  fakes::FakeSleeper sleeper{clock};
  fakes::FakeInterrupt interrupt;
  std::atomic<bool> stop{false};
  oci::Remote file{.path = "base.gguf",
                   .from = "https://models.example/base.gguf",
                   .url = "https://models.example/base.gguf"};

  explicit World(std::size_t size = 1'000'000) {
    source.data = some_bytes(size);
    file.sha256 = sha256(source.data);
    file.bytes = size;
  }
  fetch::Around around() {
    return {.transport = source,
            .clock = clock,
            .sleeper = sleeper,
            .interrupt = &interrupt,
            .hub = {},
            .store = tree.at("blobs"),
            .cache = {}};
  }
  Result<void> download() {
    const auto surroundings = around();
    return fetch::download(file, surroundings, stop, [](std::uint64_t, bool) {});
  }
  std::string stored() const { return tree.read("blobs/" + file.sha256); }
  std::vector<std::string> in_store() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(tree.at("blobs")))
      names.push_back(entry.path().filename());
    return names;
  }
  bool only_the_file() const { return in_store() == std::vector{file.sha256} && stored() == source.data; }
};

}  // namespace

TEST_CASE("fetch: a file is fetched, checked and kept under its digest, once") {
  World world;
  REQUIRE(world.download());
  CHECK(world.only_the_file());
  CHECK(world.source.sent == world.source.data.size());
  CHECK(WeightsSource::header(world.source.asked[0], "Accept-Encoding") == "identity");
  REQUIRE(world.download());
  CHECK(world.source.asked.size() == 1);
}

TEST_CASE("fetch: a source that cuts every 100 kB gives the right file, each byte fetched once") {
  World world;
  world.source.cut_after = 100'000;
  REQUIRE(world.download());
  CHECK(world.only_the_file());
  CHECK(world.source.sent == world.source.data.size());
  CHECK(world.source.asked.size() == 10);
  CHECK(WeightsSource::header(world.source.asked[1], "Range") == "bytes=100000-");
  CHECK(WeightsSource::header(world.source.asked[1], "If-Range") == "\"one\"");
}

TEST_CASE("fetch: without a known size it ends where the source ends") {
  World world;
  world.file.bytes = 0;
  world.source.cut_after = 300'000;
  REQUIRE(world.download());
  CHECK(world.only_the_file());
  CHECK(world.source.sent == world.source.data.size());
}

TEST_CASE("fetch: what a killed run left is gone on with") {
  World world;
  world.tree.write("blobs/" + world.file.sha256 + ".fetch", world.source.data.substr(0, 400'000));
  world.tree.write("blobs/" + world.file.sha256 + ".fetch.tag", "\"one\"");
  REQUIRE(world.download());
  CHECK(world.only_the_file());
  CHECK(world.source.sent == 600'000);
}

TEST_CASE("fetch: of a file that changed at the source nothing is put together") {
  World world;
  world.tree.write("blobs/" + world.file.sha256 + ".fetch", some_bytes(400'000, 7));
  world.tree.write("blobs/" + world.file.sha256 + ".fetch.tag", "\"another\"");
  REQUIRE(world.download());
  CHECK(world.only_the_file());
  CHECK(world.source.sent == world.source.data.size());
}

TEST_CASE("fetch: pieces that do not fit are fetched anew, once, as a whole") {
  World world;
  world.tree.write("blobs/" + world.file.sha256 + ".fetch", some_bytes(400'000, 7));
  REQUIRE(world.download());
  CHECK(world.only_the_file());
  CHECK(world.source.sent == 600'000 + 1'000'000);
}

TEST_CASE("fetch: a source that lies about ranges gives the right file") {
  SUBCASE("answers the whole with 200") {
    World world;
    world.source.ranges = false;
    world.tree.write("blobs/" + world.file.sha256 + ".fetch", world.source.data.substr(0, 400'000));
    REQUIRE(world.download());
    CHECK(world.only_the_file());
  }
  SUBCASE("says 206 and sends from the start") {
    World world;
    world.source.lies_about_range = true;
    world.tree.write("blobs/" + world.file.sha256 + ".fetch", world.source.data.substr(0, 400'000));
    REQUIRE(world.download());
    CHECK(world.only_the_file());
  }
  SUBCASE("answers another range") {
    World world;
    world.source.other_range = true;
    world.tree.write("blobs/" + world.file.sha256 + ".fetch", world.source.data.substr(0, 400'000));
    REQUIRE(world.download());
    CHECK(world.only_the_file());
  }
  SUBCASE("has less than what is here") {
    World world;
    world.tree.write("blobs/" + world.file.sha256 + ".fetch", some_bytes(1'200'000));
    REQUIRE(world.download());
    CHECK(world.only_the_file());
  }
}

TEST_CASE("fetch: a wrong byte is an error that names the digest, and nothing is kept") {
  World world;
  world.source.wrong_byte = 500'000;
  const auto fetched = world.download();
  REQUIRE(!fetched);
  CHECK(fetched.error().message ==
        "https://models.example/base.gguf sent other bytes than those of SHA-256 " + world.file.sha256);
  CHECK(fetched.error().code == "digest");
  CHECK(world.in_store().empty());
  CHECK(world.source.asked.size() == 1);
}

TEST_CASE("fetch: a file of another length is said before it is fetched") {
  World world;
  world.file.bytes = 999'999;
  const auto fetched = world.download();
  REQUIRE(!fetched);
  CHECK(fetched.error().message.contains("has 1000000 bytes now"));
  CHECK(world.source.sent == 0);
  world.source.says_length = false;
  const auto longer = world.download();
  REQUIRE(!longer);
  CHECK(longer.error().message.contains("sends more than the 999999 bytes"));
  CHECK(world.in_store().empty());
}

TEST_CASE("fetch: a source that never gives anything is given up, and what is here stays") {
  World world;
  world.source.cut_after = 100'000;
  int answers = 0;
  world.source.between = [&](WeightsSource& source) {
    if (++answers == 3) source.cut_after = 1;
  };
  const auto fetched = world.download();
  REQUIRE(!fetched);
  CHECK(fetched.error().code == "cut");
  CHECK(world.source.asked.size() == 3 + 5);
  CHECK(world.tree.read("blobs/" + world.file.sha256 + ".fetch").size() == 300'000);
}

TEST_CASE("fetch: 429 and 503 are waited out as long as they say") {
  World world;
  for (const int status : {429, 503})
    world.source.before.push_back({.status = status, .headers = {{"Retry-After", "7"}}, .body = "later"});
  struct Passing final : http::Transport {
    http::Transport& next;
    explicit Passing(http::Transport& to) : next(to) {}
    Result<http::Response> send(const http::Request& request, const http::OnBody& on_body) override {
      return next.send(request, on_body);
    }
  };
  const auto retrying = http::with_retry(std::make_unique<Passing>(world.source), {}, world.clock,
                                         world.sleeper, [] { return 0.5; });
  auto around = world.around();
  const fetch::Around waiting{.transport = *retrying,
                              .clock = world.clock,
                              .sleeper = world.sleeper,
                              .interrupt = nullptr,
                              .hub = {},
                              .store = around.store,
                              .cache = {}};
  REQUIRE(fetch::download(world.file, waiting, world.stop, [](std::uint64_t, bool) {}));
  CHECK(world.only_the_file());
  CHECK(world.sleeper.slept() == std::vector<Milliseconds>{Milliseconds(7000), Milliseconds(7000)});
}

TEST_CASE("fetch: a status that stays is an error, with what the source says") {
  World world;
  world.source.before.push_back({.status = 404, .headers = {}, .body = "no such file"});
  const auto fetched = world.download();
  REQUIRE(!fetched);
  CHECK(fetched.error().kind == ErrorKind::not_found);
  CHECK(fetched.error().quoted == "no such file");
  CHECK(fetched.error().message == "https://models.example/base.gguf answered 404");
}

TEST_CASE("fetch: an interrupt keeps what is here") {
  World world;
  world.source.between = nullptr;
  world.interrupt.request();
  const auto fetched = world.download();
  REQUIRE(!fetched);
  CHECK(fetched.error().kind == ErrorKind::interrupted);
}

TEST_CASE("fetch: a redirect is followed, the token stays with the first host, and https is not left") {
  World world;
  world.file.hub = true;
  auto around = world.around();
  around.hub.token = "hf_secret";
  const auto download = [&] {
    return fetch::download(world.file, around, world.stop, [](std::uint64_t, bool) {});
  };
  world.source.before.push_back(
      {.status = 302, .headers = {{"Location", "https://cdn.example/blob?signature=x"}}, .body = {}});
  REQUIRE(download());
  REQUIRE(world.source.asked.size() == 2);
  CHECK(WeightsSource::header(world.source.asked[0], "Authorization") == "Bearer hf_secret");
  CHECK(WeightsSource::header(world.source.asked[1], "Authorization") == "");
  CHECK(world.source.asked[1].url == "https://cdn.example/blob?signature=x");
  World other;
  other.source.before.push_back(
      {.status = 302, .headers = {{"Location", "http://cdn.example/blob"}}, .body = {}});
  CHECK(other.download().error().kind == ErrorKind::refused);
  World circle;
  for (int i = 0; i < 20; ++i)
    circle.source.before.push_back({.status = 307, .headers = {{"Location", "/again"}}, .body = {}});
  CHECK(circle.download().error().code == "redirects");
}

TEST_CASE("fetch: a file that another process fetches is waited for, not fetched twice") {
  World world;
  std::filesystem::create_directories(world.tree.at("blobs"));
  const auto path = world.tree.at("blobs/" + world.file.sha256 + ".fetch");
  const int other = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(::flock(other, LOCK_EX) == 0);
  int waits = 0;
  const auto around = world.around();
  REQUIRE(fetch::download(world.file, around, world.stop, [&](std::uint64_t, bool waiting) {
    if (!waiting || ++waits < 3) return;
    world.tree.write("blobs/" + world.file.sha256, world.source.data);  // the other one is done
    std::filesystem::remove(path);
    ::close(other);
  }));
  CHECK(waits >= 3);
  CHECK(world.source.asked.empty());
  CHECK(world.only_the_file());
}

TEST_CASE("fetch: several files are fetched side by side, each digest once, with the sum of their bytes") {
  World world;
  auto twin = world.file;
  twin.path = "twin.gguf";
  const std::vector files{world.file, twin};
  const auto around = world.around();
  std::uint64_t last = 0;
  REQUIRE(fetch::fetch(files, around, [&](const std::string& what, std::uint64_t done, std::uint64_t total) {
    CHECK(what == "fetch base.gguf");
    CHECK(total == 1'000'000);
    CHECK(done >= last);
    last = done;
  }));
  CHECK(world.source.sent == 1'000'000);
}
