#include <algorithm>
#include <doctest/doctest.h>

#include "core/util/files.hpp"
#include "tests/fakes/bench.hpp"

using namespace mdl;
using engine::Exit;
using fakes::Bench;

namespace {

// A hook that writes what it is told into a file of the bench's folder.
std::vector<std::string> noting(const Bench& bench) {
  return {"/bin/sh", "-c",
          "echo \"$MDL_HOOK $MDL_RELEASE $MDL_URL\" >> " + bench.folder.path + "/../" + "notes-" +
              bench.folder.path.substr(bench.folder.path.rfind('/') + 1)};
}

std::string notes(const Bench& bench) {
  auto text = read_file(bench.folder.path + "/../notes-" +
                        bench.folder.path.substr(bench.folder.path.rfind('/') + 1));
  return text ? *text : "";
}

manifest::Service hooked(const Bench& bench, const std::string& version) {
  auto service = bench.service(version);
  service.hooks.pre_deploy = service.hooks.post_deploy = noting(bench);
  return service;
}

}  // namespace

TEST_CASE("engine: hooks run once per release, the one after the promote with its address") {
  Bench bench;
  CHECK(bench.deploy(hooked(bench, "1")).exit == Exit::ok);
  CHECK(notes(bench) == "pre-deploy 1 \npost-deploy 1 memory://credit-risk\n");
  CHECK(bench.deploy(hooked(bench, "1")).nothing_to_do);
  CHECK(bench.deploy(hooked(bench, "2")).exit == Exit::ok);
  CHECK(notes(bench) ==
        "pre-deploy 1 \npost-deploy 1 memory://credit-risk\npre-deploy 2 \npost-deploy 2 "
        "memory://credit-risk\n");
  std::remove((bench.folder.path + "/../notes-" + bench.folder.path.substr(bench.folder.path.rfind('/') + 1))
                  .c_str());
}

TEST_CASE(
    "engine: a failed pre-deploy hook changes nothing that serves, and runs again with the next deploy") {
  Bench bench;
  bench.deploy(bench.service("1"));
  auto service = bench.service("2");
  service.hooks.pre_deploy = {"/bin/sh", "-c", "echo no database; exit 3"};
  const auto outcome = bench.deploy(service);
  CHECK(outcome.exit == Exit::previous_serves);
  REQUIRE(outcome.error);
  CHECK(outcome.error->message == "hook pre-deploy exited 3");
  CHECK(outcome.error->lines == std::vector<std::string>{"no database"});
  CHECK(bench.state().live.release() == 1);
  service.hooks.pre_deploy = {"/bin/true"};
  CHECK(bench.deploy(service).exit == Exit::ok);
}

TEST_CASE("engine: a failed post-deploy hook leaves the release live, needs attention, and runs again") {
  Bench bench;
  auto service = bench.service("1");
  service.hooks.post_deploy = {"/bin/false"};
  const auto outcome = bench.deploy(service);
  CHECK(outcome.exit == Exit::attention);
  CHECK(outcome.serving == 1);
  service.hooks.post_deploy = {"/bin/true"};
  const auto again = bench.deploy(service);
  CHECK(again.exit == Exit::ok);
  CHECK_FALSE(again.nothing_to_do);
  CHECK(bench.deploy(service).nothing_to_do);
}

TEST_CASE("engine: the on-failure hook runs when a release fails") {
  Bench bench;
  bench.platform.behaviour = [](const std::string&, int) {
    return provider::Readiness{
        .state = provider::Readiness::State::failed, .detail = "exited 1", .code = "exited"};
  };
  auto service = bench.service("1");
  service.hooks.on_failure = {"/bin/true"};
  CHECK(bench.deploy(service).exit == Exit::failed);
  const auto ended = bench.events.ended();
  CHECK(std::ranges::find(ended, "prune: hook on-failure") != ended.end());
}
