#include "providers/local/launch.hpp"

#include <doctest/doctest.h>

#include "core/util/files.hpp"
#include "tests/fakes/folder.hpp"

using namespace mdl;
using namespace mdl::local;

namespace {

const Value identity = Value::object(
    {{"service", "credit-risk"}, {"target", "local"}, {"release", 8}, {"replica", 2}, {"concurrency", 4}});

struct Store {
  fakes::TempFolder folder;
  Home home{folder.path()};
  std::string artifact = home.artifacts() + "/abc";
  Store() { REQUIRE(make_folders(artifact + "/app")); }
  void add_python() {
    REQUIRE(write_file(artifact + "/environment/bin/python", "", 0755));
    REQUIRE(write_file(artifact + "/front/mdl_front.py", ""));
  }
};

Value spec_of(const char* member, Value value) {
  auto spec = Value::object({{"artifact", "abc"}, {"cpu", 2.5}});
  spec.set(member, std::move(value));
  return spec;
}

}  // namespace

TEST_CASE("launch: a command runs in the application's folder, told about itself") {
  Store store;
  auto spec = spec_of("command", Value::array({"python3", "-m", "app"}));
  spec.set("env", Value::object({{"LOG_LEVEL", "debug"}, {"MDL_RELEASE", "mine"}}));
  const auto launched = launch(store.home, spec, {{"PASSWORD", "x"}},
                               {{"item-to-item", "http://127.0.0.1:8401"}}, 8123, identity)
                            .value();
  CHECK(launched.arguments == std::vector<std::string>{"python3", "-m", "app"});
  CHECK(launched.folder == store.artifact + "/app");
  auto variables = launched.environment;
  CHECK(variables["PORT"] == "8123");
  CHECK(variables["MDL_SERVICE"] == "credit-risk");
  CHECK(variables["MDL_TARGET"] == "local");
  CHECK(variables["MDL_REPLICA"] == "2");
  CHECK(variables["MDL_CONCURRENCY"] == "4");
  CHECK(variables["MDL_URL_ITEM_TO_ITEM"] == "http://127.0.0.1:8401");
  CHECK(variables["OMP_NUM_THREADS"] == "3");
  CHECK(variables["PYTHONUNBUFFERED"] == "1");
  CHECK(variables["LOG_LEVEL"] == "debug");
  CHECK(variables["MDL_RELEASE"] == "mine");  // the manifest's env comes last
  CHECK(variables["PASSWORD"] == "x");
  CHECK_FALSE(variables["PATH"].empty());
}

TEST_CASE("launch: nothing but a few variables of the supervisor's own environment is passed on") {
  Store store;
  ::setenv("MDL_TEST_CREDENTIAL", "hidden", 1);
  const auto launched =
      launch(store.home, spec_of("command", Value::array({"true"})), {}, {}, 1, identity).value();
  ::unsetenv("MDL_TEST_CREDENTIAL");
  CHECK_FALSE(launched.environment.contains("MDL_TEST_CREDENTIAL"));
}

TEST_CASE("launch: an entry and a handler run behind the front, with the artifact's own Python") {
  Store store;
  store.add_python();
  auto spec = spec_of("entry", "src.app:app");
  spec.set("interface", "asgi");
  const auto entry = launch(store.home, spec, {}, {}, 1, identity).value();
  CHECK(entry.arguments == std::vector<std::string>{store.artifact + "/environment/bin/python",
                                                    store.artifact + "/front/mdl_front.py", "entry",
                                                    "src.app:app", "asgi"});
  CHECK(entry.environment.at("PATH").starts_with(store.artifact + "/environment/bin:"));
  const auto handler = launch(store.home, spec_of("handler", "f.handle"), {}, {}, 1, identity).value();
  CHECK(handler.arguments[2] == "handler");
  CHECK(handler.arguments[3] == "f.handle");
}

TEST_CASE("launch: what is not in the store is not found, and a digest cannot leave it") {
  Store store;
  auto spec = spec_of("entry", "app:app");
  CHECK(launch(store.home, spec, {}, {}, 1, identity).error().kind == ErrorKind::not_found);
  spec.set("artifact", "def");
  CHECK(launch(store.home, spec, {}, {}, 1, identity).error().kind == ErrorKind::not_found);
  spec.set("artifact", "../abc");
  CHECK(launch(store.home, spec, {}, {}, 1, identity).error().kind == ErrorKind::invalid);
}

TEST_CASE("home: a socket path that is too long for the system moves to a short folder of its own") {
  const Home home{"/srv/mdl"};
  CHECK(home.socket() == "/srv/mdl/run/supervisor.sock");
  const Home deep{"/srv/" + std::string(120, 'd')};
  CHECK(deep.socket().size() < 108);
  const Home other{"/srv/" + std::string(121, 'd')};
  CHECK(deep.socket() != other.socket());
}

TEST_CASE("home: names of services and targets cannot leave the folder of the logs") {
  CHECK(Home{"/h"}.logs("../../etc", "a/b") == "/h/logs/..%2F..%2Fetc/a%2Fb");
  CHECK(Home{"/h"}.logs("..", ".") == "/h/logs/%2E%2E/%2E");
}
