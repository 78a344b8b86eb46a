#include "core/release/record.hpp"

#include <doctest/doctest.h>

using namespace mdl;
using release::Record;
using release::State;

namespace {

Record sample() {
  Record record;
  record.number = 10;
  record.runs = 7;
  record.state = State::live;
  record.artifact = "3f9a";
  record.config = "81c2";
  record.resources = Value::array({Value::object({{"kind", "replicas"}, {"name", "8"}})});
  record.secret_versions = {{"DB_PASSWORD", "v3"}};
  record.weights = {"aa", "bb"};
  record.author = {.name = "ci 412", .commit = "9b7e001", .dirty = true};
  record.created = *parse_rfc3339("2026-11-24T11:03:11.204Z");
  record.live_since = *parse_rfc3339("2026-11-24T11:03:12.5Z");
  record.how = "rollback to 7";
  record.rehearsal = {.at = record.created, .took = Milliseconds{900}, .passed = true};
  return record;
}

// Through bytes, as a provider keeps it.
Record kept(const Record& record) {
  return release::record_from(parse_json(dump(to_value(record))).value()).value();
}

}  // namespace

TEST_CASE("release: a record survives being kept") {
  const auto record = kept(sample());
  CHECK(to_value(record) == to_value(sample()));
  CHECK(record.runs == 7);
  CHECK(record.state == State::live);
  CHECK(record.created == sample().created);
  CHECK(record.live_since == sample().live_since);
  CHECK(record.secret_versions == sample().secret_versions);
  CHECK(record.weights == sample().weights);
  CHECK(record.author.dirty);
  REQUIRE(record.rehearsal);
  CHECK(record.rehearsal->took == Milliseconds{900});
  CHECK(record.extra.is_null());
  CHECK(record.identity() == "3f9a+81c2");

  auto bare = Record{.number = 1, .runs = 1};
  CHECK(kept(bare).live_since == Time{});
  CHECK_FALSE(kept(bare).rehearsal);
}

TEST_CASE("release: the JSON of a record names its schema and keeps its members") {
  CHECK(
      dump(to_value(sample())) ==
      R"({"schema":1,"number":10,"runs":7,"state":"live","how":"rollback to 7","reason":"","artifact":"3f9a",)"
      R"("config":"81c2","weights":["aa","bb"],"secret_versions":{"DB_PASSWORD":"v3"},)"
      R"("author":{"name":"ci 412","commit":"9b7e001","dirty":true},"created":"2026-11-24T11:03:11.204Z",)"
      R"("live_since":"2026-11-24T11:03:12.500Z",)"
      R"("rehearsal":{"at":"2026-11-24T11:03:11.204Z","took_ms":900,"passed":true},)"
      R"("resources":[{"kind":"replicas","name":"8"}]})");
}

TEST_CASE("release: members of a later version are kept and written back, known ones stay ours") {
  auto value = to_value(sample());
  value.set("schema", 2);
  value.set("state", "draining");
  value.set("signature", "s");
  auto author = value["author"];
  author.set("email", "e");
  value.set("author", author);
  auto record = release::record_from(value).value();
  CHECK(record.state == State::pruned);
  CHECK_FALSE(record.restorable());
  CHECK(to_value(record) == value);
  CHECK(to_value(kept(record)) == value);

  record.state = State::superseded;
  record.author.name = "other";
  const auto written = to_value(record);
  CHECK(written["state"] == Value("superseded"));
  CHECK(written["author"]["name"] == Value("other"));
  CHECK(written["author"]["email"] == Value("e"));
  CHECK(written["schema"] == Value(2));
}

TEST_CASE("release: a provider's token is read, and never written") {
  auto value = to_value(sample());
  value.set("revision", "4");
  const auto record = release::record_from(value).value();
  CHECK(record.revision == "4");
  CHECK_FALSE(to_value(record).contains("revision"));
}

TEST_CASE("release: a wrong member is named") {
  const auto problem = [](std::string_view name, Value wrong) {
    auto value = to_value(sample());
    value.set(name, std::move(wrong));
    const auto record = release::record_from(value);
    return record ? std::string() : record.error().message;
  };
  CHECK(problem("number", "x") == "release record: 'number' must be an integer");
  CHECK(problem("number", std::int64_t{1} << 40) == "release record: 'number' is out of range");
  CHECK(problem("state", "draining") == "release record: 'state' is no state: draining");
  CHECK(problem("created", "yesterday") == "release record: 'created' must be a time (RFC 3339)");
  CHECK(problem("weights", Value::array({1})) == "release record: 'weights' must be a list of texts");
  CHECK(problem("secret_versions", Value::object({{"A", 1}})) ==
        "release record: 'secret_versions.A' must be text");
  CHECK(problem("author", Value::object()) == "release record author: 'name' is missing");
  CHECK(problem("rehearsal", Value::object({{"at", 1}})) == "release record rehearsal: 'at' must be a time");
  CHECK(problem("schema", 0) == "release record: 'schema' must be 1 or more");
  CHECK(release::record_from(Value("x")).error().message == "release record: must be an object");
}

TEST_CASE("release: every state has a word of its own") {
  for (const auto state : {State::pending, State::live, State::superseded, State::failed, State::pruned})
    CHECK(release::parse_state(to_string(state)) == state);
  CHECK_FALSE(release::parse_state("Live"));
}
