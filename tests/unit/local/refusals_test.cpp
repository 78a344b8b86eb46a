#include <algorithm>
#include <doctest/doctest.h>

#include "core/engine/weights.hpp"
#include "core/manifest/load.hpp"
#include "tests/fakes/weights.hpp"
#include "tests/unit/local/scripted.hpp"

// What the target local refuses is said with the line of the manifest that it comes from, also when it comes
// from a field that is not there.

using namespace mdl;
using test::LocalHome;

namespace {

struct Case {
  std::string text;     // of the manifest, behind "mdl: 1" and "name: one"
  std::string message;  // a part of it
  int line;
};

// Line 1 is "mdl: 1", line 2 "name: one".
const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"http: { command: [sh] }\nbuild:\n  base: registry.example/python:3.11\n", "build.base: ", 5},
      {"http: { command: [sh] }\nbuild:\n  image: registry.example/one@sha256:" + std::string(64, '0') + "\n",
       "build.image: ", 5},
      {"http: { entry: 'app:app' }\nbuild:\n  python: '9.87'\n", "no Python 9.87", 5},
      {"http:\n  entry: 'app:app'\nbuild:\n  requirements: none.txt\n", "there is no file 'none.txt'", 6},
      {"http:\n  entry: 'src.none:app'\n", "there is no file src/none.py", 4},
      {"http:\n  handler: none.handler\n", "there is no file none.py", 4},
      {"http:\n  command: [no-such-program-xyz]\n", "no program no-such-program-xyz on PATH", 4},
      {"http:\n  command: [./none]\n", "there is no file ./none", 4},
      {"http:\n  entry: 'app:app'\nbuild: { dockerfile: Dockerfile }\n", "an image starts its own server", 4},
      {"http: { command: [sh] }\nresources:\n  gpu: 64\n", "a replica needs 64 ", 5},
      {"http: { command: [sh] }\nscale:\n  concurrency: 100000\n", "scale.concurrency", 5},
      {"http: { command: [sh] }\nenv:\n  LEVEL: info\n  PORT: '80'\n", "PORT and MDL_* are mdl's own", 6},
      {"http: { command: [sh] }\nsecrets:\n  MDL_X: { from: 'env:HOME' }\n", "PORT and MDL_* are mdl's own",
       5},
      {"http: { command: [sh] }\nsecrets:\n  A: { from: 'aws-secrets:prod/db' }\n", "cannot read aws-secrets",
       5},
      {"http: { command: [sh] }\nsecrets:\n  A: { from: 'env:MDL_TEST_NOT_SET' }\n",
       "MDL_TEST_NOT_SET is not set", 5},
      {"http: { command: [sh] }\nsecrets:\n  A:\n    from: 'file:none'\n", "none cannot be read", 6},
      {"http: { command: [sh] }\nmodel:\n  - path: short.gguf\n", "the file is cut short", 5},
      {"http: { command: [sh] }\nresources:\n  memory: 16Mi\nmodel: [{ path: large.gguf }]\n",
       "the weights alone take", 5},
  };
  return all;
}

std::vector<manifest::Problem> refusals(LocalHome& home, const std::string& text) {
  const auto folder = home.home.root + "/service";
  const auto weights = fakes::small_model().bytes();
  REQUIRE(write_file(folder + "/app.py", "app = None\n"));
  REQUIRE(write_file(folder + "/Dockerfile", "FROM scratch\n"));
  const auto large = fakes::small_model().tensor("large", {20'000'000}, 24, 20'000'000).bytes();
  REQUIRE(write_file(folder + "/large.gguf", large));
  REQUIRE(write_file(folder + "/short.gguf", weights.substr(0, 4000)));
  REQUIRE(write_file(folder + "/mdl.yaml", text));
  auto loaded = manifest::load(folder, {});
  if (!loaded) return loaded.error();
  const auto& service = loaded->services.front();
  auto provider = local::make_provider(home.options());
  auto problems = engine::preflight(service, nullptr, provider);
  std::ranges::move(engine::check_weights(service, nullptr, provider, "").problems,
                    std::back_inserter(problems));
  std::erase_if(problems,
                [](const auto& problem) { return problem.severity != manifest::Severity::certain; });
  return problems;
}

}  // namespace

TEST_CASE("local refusals: each names the line of the manifest that it comes from") {
  for (const auto& one : cases()) {
    CAPTURE(one.text.substr(0, 200));
    LocalHome home;
    const auto problems = refusals(home, "mdl: 1\nname: one\n" + one.text);
    const auto found = std::ranges::find_if(
        problems, [&](const auto& problem) { return problem.message.contains(one.message); });
    std::string all;
    for (const auto& problem : problems) all += problem.message + "\n";
    CAPTURE(all);
    CHECK(found != problems.end());
    if (found == problems.end()) continue;
    for (const auto& problem : problems) CHECK_MESSAGE(problem.where.has_value(), problem.message);
    REQUIRE(found->where);
    CHECK(found->where->line == one.line);
  }
}
