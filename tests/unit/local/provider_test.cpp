#include <doctest/doctest.h>

#include "core/util/value.hpp"
#include "tests/unit/local/scripted.hpp"

using namespace mdl;
using test::LocalHome;

namespace {

const release::ServiceRef ref{"svc", "local"};

const char* const state_text = R"({"service":"svc","target":"local",
  "gateway":{"spec":{"port":8400,"timeout_ms":30000,"metrics_from":""},"revision":"3","status":{"port":8400}},
  "scaling":{"spec":{"declared":{"min":1,"max":4,"concurrency":8,"idle_ms":300000,"warm_ms":300000},
                     "effective":{"min":2,"max":6,"concurrency":8,"idle_ms":300000,"warm_ms":7}},"revision":"4","status":null},
  "replicas":[{"release":7,"spec":{"artifact":"aa"},"revision":"5","status":{"state":"resting","replicas":[]}},
              {"release":8,"spec":{"artifact":"bb"},"revision":"6","status":{"state":"running","replicas":[
                 {"replica":1,"pid":1,"port":40001,"state":"starting","restarts":0},
                 {"replica":2,"pid":2,"port":40002,"state":"healthy","restarts":0}]}}],
  "live":{"split":[{"release":8,"weight":1.0}],"revision":"12"},
  "status":{"health":"ok","replicas":1,"wanted":2,"held":3,"detail":"","url":"http://127.0.0.1:8400"}})";

std::string header(const http::Request& request, const std::string& name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return {};
}

}  // namespace

TEST_CASE("local resources: observe finds what the state holds, and says absent for the rest") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  home.transport.answer(200, state_text);
  const std::vector<plan::ResourceId> ids{{"gateway", "svc"}, {"replicas", "svc/8"}, {"replicas", "svc/9"}};
  const auto observed = provider.resources->observe(ref, ids);
  REQUIRE(observed);
  REQUIRE(observed->size() == 3);
  CHECK((*observed)[0]->revision == "3");
  CHECK((*observed)[1]->release == 8);
  CHECK((*observed)[1]->spec["artifact"].as_string() == "bb");
  CHECK_FALSE((*observed)[2]);
}

TEST_CASE("local resources: each change is one fenced call") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  const provider::Fence fence{"12"};
  for (int i = 0; i < 3; ++i) home.transport.answer(200, "{}");
  plan::Desired gateway{.id = {"gateway", "svc"}, .spec = Value::object({{"port", 0}})};
  plan::Desired replicas{
      .id = {"replicas", "svc/9"}, .release = 9, .spec = Value::object({{"artifact", "cc"}})};
  REQUIRE(provider.resources->apply(ref, plan::Update{gateway, "3", {}}, fence));
  REQUIRE(provider.resources->apply(ref, plan::Create{replicas}, fence));
  REQUIRE(provider.resources->apply(ref, plan::Delete{{"replicas", "svc/7"}, 7, "5"}, fence));
  const auto& sent = home.transport.requests;
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].method == "PUT");
  CHECK(sent[0].url == "http://mdl/v1/services/svc/local/gateway");
  CHECK(sent[1].url == "http://mdl/v1/services/svc/local/replicas/9");
  CHECK(sent[1].body == R"({"spec":{"artifact":"cc"}})");
  CHECK(sent[2].method == "DELETE");
  for (const auto& request : sent) {
    CHECK(header(request, "Mdl-Live") == "12");
    CHECK(request.unix_socket == home.home.socket());
  }
}

TEST_CASE("local resources: deleting what is gone succeeds") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  home.transport.answer(404, R"({"code":"not-found","message":"no such service"})");
  CHECK(provider.resources->apply(ref, plan::Delete{{"gateway", "svc"}, 0, ""}, {"0"}));
}

TEST_CASE("local resources: an error names the resource it came from") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  home.transport.answer(422, R"({"code":"failed","message":"port 8400 is taken"})");
  const auto done = provider.resources->apply(ref, plan::Create{{.id = {"gateway", "svc"}}}, {"0"});
  REQUIRE_FALSE(done);
  CHECK(done.error().resource == "gateway svc");
}

TEST_CASE("local traffic: a swap sends the revision it expects and returns the new pointer") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  home.transport.answer(200, R"({"live":{"split":[{"release":9,"weight":1.0}],"revision":"13"}})");
  const auto live = provider.traffic->swap(ref, {{{8, 1.0}}, "12"}, {{9, 1.0}});
  REQUIRE(live);
  CHECK(live->revision == "13");
  CHECK(live->release() == 9);
  const auto body = parse_json(home.transport.requests.at(0).body);
  REQUIRE(body);
  CHECK((*body)["expected"].as_string() == "12");
  CHECK((*body)["split"].as_array().at(0)["release"].as_integer() == 9);
}

TEST_CASE("local scaling: what is in force is read, and set beside what the manifest declares") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  home.transport.answer(200, state_text);
  const auto scale = provider.scaling->read(ref);
  REQUIRE(scale);
  CHECK(scale->min == 2);
  CHECK(scale->max == 6);
  home.transport.answer(200, state_text);
  home.transport.answer(200, "{}");
  auto wanted = *scale;
  wanted.max = 9;
  REQUIRE(provider.scaling->set(ref, wanted, {"12"}));
  const auto body = parse_json(home.transport.requests.back().body);
  REQUIRE(body);
  CHECK((*body)["spec"]["declared"]["max"].as_integer() == 4);
  CHECK((*body)["spec"]["effective"]["max"].as_integer() == 9);
  CHECK((*body)["spec"]["effective"]["warm_ms"].as_integer() == 7);
}

TEST_CASE("local scaling: before the first deploy there is nothing to scale") {
  LocalHome home(false);
  auto provider = local::make_provider(home.options());
  CHECK(provider.scaling->read(ref).error().kind == ErrorKind::not_found);
}

TEST_CASE("local invoke: a release without traffic is asked at a healthy replica") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  home.transport.answer(200, state_text);
  home.transport.answer(200, "pong");
  const auto answer = provider.invoke->send(ref, 8, {.path = "/predict"}, Milliseconds(1000), {});
  REQUIRE(answer);
  CHECK(home.transport.requests.back().url == "http://127.0.0.1:40002/predict");
  CHECK(answer->release == 8);
  home.transport.answer(200, state_text);
  CHECK(provider.invoke->send(ref, 7, {}, Milliseconds(1000), {}).error().kind == ErrorKind::unavailable);
  home.transport.answer(200, state_text);
  CHECK(provider.invoke->send(ref, 3, {}, Milliseconds(1000), {}).error().kind == ErrorKind::not_found);
}

TEST_CASE("local invoke: the live address is the gateway's, and the body is handed on as it arrives") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  home.transport.answer(200, state_text);
  home.transport.answer(200, "part");
  std::string got;
  const auto answer = provider.invoke->send(ref, std::nullopt, {.path = "/x?y=1"}, Milliseconds(1000),
                                            [&](std::string_view bytes) { got += bytes; });
  REQUIRE(answer);
  CHECK(home.transport.requests.back().url == "http://127.0.0.1:8400/x?y=1");
  CHECK(got == "part");
}

TEST_CASE("local invoke: before the first deploy there is no address") {
  LocalHome home(false);
  auto provider = local::make_provider(home.options());
  const auto url = provider.invoke->url(ref);
  REQUIRE_FALSE(url);
  CHECK(url.error().kind == ErrorKind::not_found);
}

TEST_CASE("local health: what the supervisor says of a release becomes its readiness") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  home.transport.answer(
      200,
      R"({"state":"failed","detail":"replica 9/1 exited 1","resource":"replica 9/1","code":"exited","lines":["E"]})");
  const auto readiness = provider.health->readiness(ref, 9);
  REQUIRE(readiness);
  CHECK(readiness->state == provider::Readiness::State::failed);
  CHECK(readiness->resource == "replica 9/1");
  CHECK(readiness->lines == std::vector<std::string>{"E"});
  home.transport.answer(404, "");
  CHECK(provider.health->readiness(ref, 3).error().kind == ErrorKind::not_found);
}

TEST_CASE("local releases: the precondition token travels beside the record") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  auto stored = release::to_value(release::Record{.number = 4, .runs = 4});
  stored.set("revision", "11");
  home.transport.answer(200, dump(Value::object({{"records", Value::array({stored})}})));
  const auto records = provider.releases->list(ref);
  REQUIRE(records);
  REQUIRE(records->size() == 1);
  CHECK(records->front().revision == "11");
  CHECK(records->front().extra["revision"].is_null());
  stored.set("revision", "12");
  home.transport.answer(200, dump(stored));
  const auto updated = provider.releases->update(ref, records->front());
  REQUIRE(updated);
  CHECK(updated->revision == "12");
  CHECK(header(home.transport.requests.back(), "If-Match") == "11");
}

TEST_CASE("local metrics: a report is read with its times, releases and own figures") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  home.transport.answer(200, R"({"from":1000000000,"to":3000000000,"step_ms":1000,"releases":[{"release":8,
    "total":{"time":1000000000,"requests":12,"errors":1,"p95_ms":4.5,"replicas":2,"cpu":0.25,"memory_bytes":1048576},
    "points":[{"time":1000000000,"requests":5},{"time":2000000000,"requests":7}],
    "counts":{"requests":500,"errors":9,"histogram":[[0,3],[10,4],[100000,1]]}}],
    "own":[{"name":"auc","labels":"","value":0.79}]})");
  const auto report = provider.metrics->read(ref, Milliseconds(2000), Milliseconds(1000));
  REQUIRE(report);
  CHECK(report->to - report->from == std::chrono::seconds(2));
  REQUIRE(report->releases.size() == 1);
  CHECK(report->releases[0].total.p95_ms == 4.5);
  CHECK(report->releases[0].points.at(1).requests == 7);
  const auto& counts = report->releases[0].counts;
  CHECK(counts.requests == 500);
  CHECK(counts.errors == 9);
  REQUIRE(counts.times.size() == counts.bounds_ms.size());
  CHECK(counts.bounds_ms[10] == 0.02);
  CHECK(counts.times[0] == 3);
  CHECK(counts.times[10] == 4);
  CHECK(report->own.at(0).value == 0.79);
}

TEST_CASE("local inspect: a service that is not there is absent, not an error") {
  LocalHome home(false);
  auto provider = local::make_provider(home.options());
  const auto status = provider.inspect->status(ref);
  REQUIRE(status);
  CHECK(status->health == "absent");
}

TEST_CASE("local logs: an empty page says why it is empty") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  auto state = parse_json(state_text);
  REQUIRE(state);
  home.transport.answer(404, "");
  CHECK(provider.logs->read(ref, {}, "")->empty_reason == "no release yet");
  home.transport.answer(200, state_text);
  CHECK(provider.logs->read(ref, {}, "")->empty_reason == "the service has written nothing yet");
  state->set("live",
             Value::object({{"split", Value::array({Value::object({{"release", 7}, {"weight", 1.0}})})}}));
  home.transport.answer(200, dump(*state));
  CHECK(provider.logs->read(ref, {}, "")->empty_reason == "scaled to zero");
}
