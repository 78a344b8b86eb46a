#include <doctest/doctest.h>

#include "tests/fakes/bench.hpp"

// Requests with known answers, of a new release without traffic.

using namespace mdl;
using engine::Exit;
using fakes::Bench;

namespace {

manifest::Service with_golden(const Bench& bench, double tolerance = 0) {
  bench.folder.write("golden/a.json", R"({"income": 42})");
  bench.folder.write("golden/a.out.json", R"({"score": 0.5})");
  auto service = bench.service("1");
  service.golden = {{.request = "golden/a.json", .expect = "golden/a.out.json", .tolerance = tolerance}};
  return service;
}

void answer(Bench& bench, const std::string& body) {
  bench.platform.answer = [=](int release, const provider::HttpRequest& request) {
    CHECK(request.body == R"({"income": 42})");
    return provider::HttpResponse{.status = 200, .body = body, .release = release};
  };
}

}  // namespace

TEST_CASE("engine: a golden answer that is not the expected one keeps the release from its traffic") {
  Bench bench;
  answer(bench, R"({"score": 0.7})");
  const auto outcome = bench.deploy(with_golden(bench));
  CHECK(outcome.exit == Exit::failed);
  REQUIRE(outcome.error);
  CHECK(outcome.error->code == "golden");
  CHECK(outcome.error->message == "golden request golden/a.json: score: 0.7 is not 0.5");
  CHECK(bench.state().live.split.empty());

  answer(bench, R"({"score": 0.5})");
  CHECK(bench.deploy(with_golden(bench)).exit == Exit::ok);
}

TEST_CASE("engine: a golden answer may differ as far as the tolerance says") {
  Bench bench;
  answer(bench, R"({"score": 0.5001})");
  CHECK(bench.deploy(with_golden(bench)).exit == Exit::failed);
  CHECK(bench.deploy(with_golden(bench, 0.001)).exit == Exit::ok);
}
