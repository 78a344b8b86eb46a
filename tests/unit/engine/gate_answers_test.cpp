#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

#include "core/engine/gate/answers.hpp"
#include "tests/fakes/bench.hpp"
#include "tests/fakes/traffic.hpp"

using namespace mdl;
using engine::Exit;
using engine::gate::Answer;
using engine::gate::distance;
using fakes::Bench;
using fakes::Random;

namespace {

Answer json(const std::string& body) { return {.status = 200, .body = body}; }

// A service with one golden request without an expected answer.
manifest::Service asking(const Bench& bench, const std::string& version, double tolerance = 0) {
  bench.folder.write("a.json", R"({"income": 3100})");
  auto service = bench.service(version);
  service.golden = {{.request = "a.json", .expect = "", .tolerance = tolerance}};
  return service;
}

using Body = std::function<std::string(int release)>;

engine::Outcome second_deploy(Bench& bench, const Body& body, double tolerance = 0) {
  bench.platform.answer = [body](int release, const provider::HttpRequest&) {
    return provider::HttpResponse{.status = 200, .body = body(release), .release = release};
  };
  REQUIRE(bench.deploy(asking(bench, "1", tolerance)).exit == Exit::ok);
  return bench.deploy(asking(bench, "2", tolerance));
}

std::string figure(double value) { return "{\"p\": " + std::to_string(value) + "}"; }

}  // namespace

TEST_CASE(
    "gate answers: the distance is what numbers and texts differ by, and infinite when the shape differs") {
  CHECK(distance(json("plain"), json("plain"), 0) == 0);
  CHECK(distance(json("plain"), json("other"), 1) == 1);
  CHECK(distance(json("one two three four"), json("one two three five"), 0) == doctest::Approx(0.25));
  CHECK(distance(json("one two"), json("two one"), 0) > 0);
  CHECK(distance(json(R"({"id":"a","text":"x y"})"), json(R"({"id":"b","text":"x z"})"), 0) ==
        doctest::Approx(1.5));
  CHECK(distance(json(R"({"a":1,"b":[2.0]})"), json(R"({"b":[2],"a":1.0})"), 0) == 0);
  CHECK(distance(json(R"({"a":0.5})"), json(R"({"a":0.25})"), 0) == 0.25);
  CHECK(distance(json(R"([100,200])"), json(R"([100,220])"), 0) == doctest::Approx(20.0 / 220));
  CHECK(distance(json(R"([100,200])"), json(R"([100,220])"), 0.1) == 0);
  CHECK(std::isinf(distance(json(R"({"a":1})"), json(R"({"b":1})"), 1)));
  CHECK(std::isinf(distance(json("[1]"), json("[1,2]"), 1)));
  CHECK(std::isinf(distance(json(R"({"a":1})"), json(R"({"a":"1"})"), 1)));
  CHECK(std::isinf(distance({.status = 200, .body = "x"}, {.status = 500, .body = "x"}, 1)));
}

TEST_CASE("gate answers: more golden requests are asked more often, so that together they alarm as rarely") {
  CHECK(engine::gate::asks(1).fresh == 4);  // C(9, 4) = 126
  CHECK(engine::gate::asks(1).stable == 5);
  CHECK(engine::gate::asks(2).fresh == 5);  // C(11, 5) = 462
  CHECK(engine::gate::asks(40).fresh == 7);
}

TEST_CASE(
    "gate answers: of 3,000 pairs of equal noisy releases at most 1 % differ, and changed ones always do") {
  const auto asks = engine::gate::asks(1);
  int alike = 0, changed = 0;
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    Random random(seed);
    std::vector<Answer> stable, fresh, other;
    for (std::size_t i = 0; i < asks.stable; ++i)
      stable.push_back(json(figure(0.3 + 0.01 * random.normal())));
    for (std::size_t i = 0; i < asks.fresh; ++i) {
      fresh.push_back(json(figure(0.3 + 0.01 * random.normal())));
      other.push_back(json(figure(0.4 + 0.01 * random.normal())));
    }
    alike += engine::gate::differ(stable, fresh, 0);
    changed += engine::gate::differ(stable, other, 0);
  }
  MESSAGE(alike, " of 3,000 equal pairs differ, ", changed, " changed ones do");
  CHECK(alike <= 30);
  CHECK(changed >= 2'850);
}

TEST_CASE("gate answers: a release that answers as the serving one does goes live, asked once each") {
  Bench bench;
  int asked = 0;
  const auto outcome = second_deploy(bench, [&](int) { return ++asked, R"({"decision": "approve"})"; });
  CHECK(outcome.exit == Exit::ok);
  CHECK(asked == 3);  // the first deploy asks only itself
  const auto ended = bench.events.ended();
  CHECK(std::ranges::count(ended, "verify: healthy, 1 golden request answered") == 1);
  CHECK(std::ranges::count(ended, "verify: healthy, 1 golden request as release 1 answers") == 1);
}

TEST_CASE("gate answers: a release whose answer changed gets no traffic") {
  Bench bench;
  const auto outcome = second_deploy(bench, [](int release) {
    return release == 2 ? R"({"decision": "decline"})" : R"({"decision": "approve"})";
  });
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(outcome.failed_stage == engine::Stage::verify);
  CHECK(outcome.error->message ==
        "golden request a.json: decision: \"decline\" is not \"approve\", which release 1 answers");
  CHECK(bench.state().live.split == plan::Split{{1, 1.0}});
}

TEST_CASE("gate answers: the tolerance is learned from the serving release compared with itself") {
  Random random(11);
  const auto noisy = [&](double middle) { return figure(middle + 0.01 * random.normal()); };
  Bench same;
  CHECK(second_deploy(same, [&](int) { return noisy(0.3); }).exit == Exit::ok);
  Bench changed;
  CHECK(second_deploy(changed, [&](int release) { return noisy(release == 2 ? 0.45 : 0.3); }).exit ==
        Exit::previous_serves);
}

TEST_CASE("gate answers: a model that samples its texts raises no alarm") {
  Bench bench;
  int count = 0;
  CHECK(second_deploy(bench, [&](int) { return "text number " + std::to_string(++count); }).exit == Exit::ok);
}

TEST_CASE("gate answers: a difference within the manifest's tolerance is none") {
  Bench bench;
  const auto body = [](int release) { return figure(release == 2 ? 0.305 : 0.3); };
  CHECK(second_deploy(bench, body, 0.01).exit == Exit::ok);
  Bench strict;
  CHECK(second_deploy(strict, body, 0.001).exit == Exit::previous_serves);
}

TEST_CASE("gate answers: a serving release that fails at the request is nothing to be compared with") {
  Bench bench;
  bench.deploy(asking(bench, "1"));
  bench.platform.answer = [](int release, const provider::HttpRequest&) {
    return provider::HttpResponse{.status = release == 1 ? 500 : 200, .body = "{}", .release = release};
  };
  CHECK(bench.deploy(asking(bench, "2")).exit == Exit::ok);
  CHECK(std::ranges::count(bench.events.ended(), "verify: healthy, 1 golden request answered") == 2);
}

namespace {

// As a language model answers: an identifier and a time that are always others, and a text.
std::string completion(int number, const std::string& text, int tokens = 3) {
  return R"({"id":"cmpl-)" + std::to_string(number) + R"(","created":)" +
         std::to_string(1'795'000'000 + number / 2) + R"(,"choices":[{"text":")" + text +
         R"("}],"usage":{"completion_tokens":)" + std::to_string(tokens) + "}}";
}

engine::Outcome second_model(Bench& bench, const std::string& request, const Body& body) {
  bench.platform.answer = [body](int release, const provider::HttpRequest&) {
    return provider::HttpResponse{.status = 200, .body = body(release), .release = release};
  };
  const auto asking_model = [&](const std::string& version) {
    bench.folder.write("m.json", request);
    auto service = bench.service(version);
    service.golden = {{.request = "m.json", .expect = "", .tolerance = 0}};
    return service;
  };
  REQUIRE(bench.deploy(asking_model("1")).exit == Exit::ok);
  return bench.deploy(asking_model("2"));
}

const std::string greedy = R"({"path":"/v1/completions","body":{"prompt":"one","temperature":0}})";
const std::string sampled = R"({"path":"/v1/completions","body":{"prompt":"one","temperature":0.8}})";

}  // namespace

TEST_CASE("gate answers: with temperature 0 the same text is alike, whatever identifiers and times say") {
  Bench bench;
  int asked = 0;
  CHECK(second_model(bench, greedy, [&](int) { return completion(++asked, "two three four"); }).exit ==
        Exit::ok);
  CHECK(asked <= 6);
}

TEST_CASE("gate answers: with temperature 0 one changed word is caught, after a few questions") {
  Bench bench;
  int asked = 0;
  const auto outcome = second_model(bench, greedy, [&](int release) {
    return completion(++asked, release == 2 ? "two three five" : "two three four");
  });
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(
      outcome.error->message ==
      "golden request m.json: choices[0].text: \"two three five\" is not \"two three four\", which release 1 "
      "answers");
  CHECK(asked == 6);  // the first deploy asks once
}

TEST_CASE("gate answers: with temperature 0 a slip of either release is no change") {
  for (const int slips : {1, 2}) {
    Bench bench;
    int asked = 0;
    bool slipped = false;
    const auto outcome = second_model(bench, greedy, [&](int release) {
      const bool slip = asked > 0 && release == slips && !std::exchange(slipped, true);
      return completion(++asked, slip ? "two three five" : "two three four");
    });
    CHECK(outcome.exit == Exit::ok);
  }
}

TEST_CASE("gate answers: a member that the new release lacks, or has more, is a change") {
  using engine::gate::exact_change;
  const std::vector<Answer> plain(3, json(R"({"a":1})")), more(2, json(R"({"a":1,"b":[2]})"));
  const auto gained = exact_change(plain, more, 0);
  REQUIRE(gained);
  CHECK((gained->path == "b[0]" && gained->was.empty() && gained->is == "2"));
  const auto lost = exact_change(more, plain, 0);
  REQUIRE(lost);
  CHECK((lost->path == "b[0]" && lost->was == "2" && lost->is.empty()));
  CHECK(!exact_change(plain, std::vector<Answer>(2, json(R"({"a":1.05})")), 0.1));
}

TEST_CASE(
    "gate answers: with sampling, texts of another kind are caught, and those of the same kind hardly ever") {
  const std::vector<std::string> words = {"the", "cat", "sat", "on", "a", "mat", "and", "saw", "two", "dogs"};
  const std::vector<std::string> others = {"le",    "chat", "est",  "sur",  "un",
                                           "tapis", "et",   "voit", "deux", "chiens"};
  int number = 0;
  const auto text = [&](Random& random, const std::vector<std::string>& from) {
    std::string out;
    for (int i = 0; i < 12; ++i) out += (i ? " " : "") + from[random.next() % from.size()];
    return completion(++number, out, 12);
  };
  int alarms = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    std::vector<Answer> stable, fresh, other;
    for (int i = 0; i < 5; ++i) stable.push_back(json(text(random, words)));
    for (int i = 0; i < 4; ++i) fresh.push_back(json(text(random, words)));
    for (int i = 0; i < 4; ++i) other.push_back(json(text(random, others)));
    alarms += engine::gate::differ(stable, fresh, 0);
    CHECK(engine::gate::differ(stable, other, 0));
  }
  CHECK(alarms <= 6);  // expected: 300 / 126
  Bench same;
  Random random(7);
  CHECK(second_model(same, sampled, [&](int) { return text(random, words); }).exit == Exit::ok);
  Bench changed;
  CHECK(second_model(changed, sampled, [&](int release) {
          return text(random, release == 2 ? others : words);
        }).exit == Exit::previous_serves);
}
