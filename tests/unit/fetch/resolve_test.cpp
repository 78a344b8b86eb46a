#include "core/fetch/resolve.hpp"

#include <doctest/doctest.h>

#include "core/util/digest.hpp"
#include "tests/fakes/time.hpp"
#include "tests/fakes/transport.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using fakes::ScriptedTransport;
using oci::test::Tree;

namespace {

const std::string digest(64, 'a'), commit(40, 'c');

struct World {
  Tree tree;
  ScriptedTransport::Script script;
  ScriptedTransport transport{script};
  fakes::FakeClock clock;
  fakes::FakeSleeper sleeper{clock};
  manifest::Service service = oci::test::service_in(tree.root());
  fetch::Hub hub{.endpoint = "https://hub.example", .token = "hf_secret"};

  Result<std::vector<oci::Remote>> resolve() {
    return fetch::resolve(service, {.transport = transport,
                                    .clock = clock,
                                    .sleeper = sleeper,
                                    .interrupt = nullptr,
                                    .hub = hub,
                                    .store = tree.at("blobs"),
                                    .cache = tree.at("cache")});
  }
  void model(std::string from, std::string sha256 = "") {
    service.model = {{.path = "m/base.gguf", .from = std::move(from), .sha256 = std::move(sha256)}};
  }
};

http::Headers linked(const std::string& tag, const std::string& size) {
  return {{"Location", "https://cdn.example/blob?sig=x"},
          {"X-Repo-Commit", commit},
          {"X-Linked-Etag", '"' + tag + '"'},
          {"X-Linked-Size", size},
          {"ETag", "\"other\""}};
}

}  // namespace

TEST_CASE("fetch: hf:// names a repository, a revision and a file") {
  const auto plain = fetch::parse_hub("hf://org/repo@v1.0/sub/base.gguf");
  REQUIRE(plain);
  CHECK(plain->repository == "org/repo");
  CHECK(plain->revision == "v1.0");
  CHECK(plain->file == "sub/base.gguf");
  CHECK(plain->url("https://hub.example", "v1.0") ==
        "https://hub.example/org/repo/resolve/v1.0/sub/base.gguf");
  CHECK(fetch::parse_hub("hf://org/repo/base.gguf")->revision == "main");
  const auto request = fetch::parse_hub("hf://org/repo@refs/pr/1/small.json");
  CHECK(request->file == "small.json");
  CHECK(request->url("https://h", request->revision) ==
        "https://h/org/repo/resolve/refs%2Fpr%2F1/small.json");
  CHECK(fetch::parse_hub("hf://org/repo@" + commit + "/f")->pinned());
  for (const auto* wrong :
       {"hf://", "hf://org", "hf://org/repo", "hf://org/repo@main", "hf://org/repo@/f", "hf:///repo/f",
        "hf://org/repo/../f", "hf://org/repo@main/", "hf://org/@v/f", "hf://org/repo@refs/pr/1"}) {
    CAPTURE(wrong);
    CHECK(!fetch::parse_hub(wrong));
  }
}

TEST_CASE("fetch: of https:// the manifest says the digest, and the source how much it is") {
  World world;
  world.model("https://user:pw@models.example/base.gguf?key=secret", std::string(64, 'A'));
  world.script.answer(302, {{"Location", "/moved"}}).answer(200, {{"Content-Length", "77"}});
  const auto resolved = world.resolve();
  REQUIRE(resolved);
  REQUIRE(resolved->size() == 1);
  const auto& one = resolved->front();
  CHECK(one.sha256 == digest);
  CHECK(one.bytes == 77);
  CHECK(one.from == "https://models.example/base.gguf");
  CHECK(one.stored == world.tree.at("blobs/" + digest));
  CHECK(world.script.asked[0].method == "HEAD");
  CHECK(world.script.asked[1].url == "https://user:pw@models.example/moved");
}

TEST_CASE("fetch: a file that is here is not asked for, and a source that cannot be asked is no error yet") {
  World world;
  world.model("https://models.example/base.gguf", digest);
  world.script.error(ErrorKind::unavailable, "refused");
  CHECK(world.resolve()->front().bytes == 0);
  world.tree.write("blobs/" + digest, "12345");
  const auto here = world.resolve();
  CHECK(here->front().bytes == 5);
  CHECK(world.script.asked.size() == 1);
}

TEST_CASE(
    "fetch: of hf:// the hub's headers say digest, size and commit, with the token, without following to the "
    "bytes") {
  World world;
  world.model("hf://org/repo@main/base.gguf");
  world.script.answer(302, linked(digest, "253113024"));
  const auto resolved = world.resolve();
  REQUIRE(resolved);
  const auto& one = resolved->front();
  CHECK(one.sha256 == digest);
  CHECK(one.bytes == 253'113'024);
  CHECK(one.revision == commit);
  CHECK(one.from == "hf://org/repo@" + commit + "/base.gguf");
  CHECK(one.url == "https://hub.example/org/repo/resolve/" + commit + "/base.gguf");
  REQUIRE(world.script.asked.size() == 1);
  // What huggingface_hub 2.4.0 sends here, as recorded.
  const auto& asked = world.script.asked[0];
  CHECK(asked.method == "HEAD");
  CHECK(asked.url == "https://hub.example/org/repo/resolve/main/base.gguf");
  CHECK(asked.headers ==
        http::Headers{{"Accept-Encoding", "identity"}, {"Authorization", "Bearer hf_secret"}});
}

TEST_CASE("fetch: a commit is asked for once, a branch each time") {
  World world;
  world.model("hf://org/repo@" + commit + "/base.gguf");
  world.script.answer(302, linked(digest, "5"));
  REQUIRE(world.resolve());
  const auto again = world.resolve();
  REQUIRE(again);
  CHECK(again->front().sha256 == digest);
  CHECK(again->front().bytes == 5);
  CHECK(world.script.asked.size() == 1);
  world.model("hf://org/repo@main/base.gguf");
  world.script.answer(302, linked(digest, "5")).answer(302, linked(digest, "5"));
  REQUIRE(world.resolve());
  REQUIRE(world.resolve());
  CHECK(world.script.asked.size() == 3);
}

TEST_CASE(
    "fetch: a renamed repository is followed within the hub, a digest that the manifest denies is refused") {
  World world;
  world.model("hf://old/repo@main/base.gguf", std::string(64, 'b'));
  world.service.sources["model.0.sha256"] = oci::test::source_at_line(7);
  world.script.answer(307, {{"Location", "/new/repo/resolve/main/base.gguf"}})
      .answer(302, linked(digest, "5"));
  const auto resolved = world.resolve();
  REQUIRE(!resolved);
  CHECK(world.script.asked[1].url == "https://hub.example/new/repo/resolve/main/base.gguf");
  CHECK(resolved.error().message.contains("its SHA-256 is " + digest));
  CHECK(resolved.error().where->line == 7);
}

TEST_CASE(
    "fetch: a small file that the hub keeps in git is fetched at once and checked against git's digest") {
  World world;
  world.model("hf://org/repo@main/config.json");
  const std::string body = "{\"a\":1}\n";
  const auto tag = "0187f3b09d66cef7911083ad49f890f5a6589589";  // git hash-object
  const http::Headers small{
      {"X-Repo-Commit", commit}, {"ETag", std::string("W/\"") + tag + '"'}, {"Content-Length", "8"}};
  world.script.answer(307, {{"Location", "/api/resolve-cache/config.json"}})
      .answer(200, small)
      .answer(200, {}, body);
  const auto resolved = world.resolve();
  REQUIRE(resolved);
  CHECK(resolved->front().sha256 == sha256(body));
  CHECK(world.tree.read("blobs/" + sha256(body)) == body);
  world.script.answer(200, small).answer(200, {}, "{\"a\":2}\n");
  const auto wrong = world.resolve();
  REQUIRE(!wrong);
  CHECK(wrong.error().code == "digest");
}

TEST_CASE("fetch: what the hub refuses is said in its words, and no message holds the token") {
  World world;
  world.model("hf://org/repo@main/base.gguf");
  const auto error = [&](int status, std::string code) {
    world.script.answer(status, {{"X-Error-Code", std::move(code)}, {"X-Error-Message", "the hub's words"}});
    const auto resolved = world.resolve();
    REQUIRE(!resolved);
    CHECK(!resolved.error().message.contains("hf_secret"));
    CHECK(resolved.error().quoted == "the hub's words");
    return resolved.error();
  };
  CHECK(error(404, "EntryNotFound").message == "org/repo has no file 'base.gguf' at revision 'main'");
  CHECK(error(404, "RevisionNotFound").kind == ErrorKind::not_found);
  CHECK(error(403, "GatedRepo").kind == ErrorKind::denied);
  CHECK(error(401, "RepoNotFound").message == "org/repo is not there, or this token may not see it");
  CHECK(error(500, "").kind == ErrorKind::unavailable);
  world.hub.token.clear();
  CHECK(error(401, "").next == std::vector<std::string>{"export HF_TOKEN=…"});
  world.script.answer(200, {{"ETag", "\"x\""}});
  CHECK(world.resolve().error().message.contains("does not answer as a hub does"));
}
