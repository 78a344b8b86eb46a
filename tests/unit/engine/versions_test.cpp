#include <algorithm>
#include <doctest/doctest.h>

#include "core/util/files.hpp"
#include "core/util/sqlite.hpp"
#include "tests/fakes/bench.hpp"

// Journals and release records of the version before this one and of the version after it. The files are
// committed: what this version writes does not change them.

using namespace mdl;
using engine::Exit;
using fakes::Bench;
using Names = std::vector<std::string>;

namespace {

release::Record record(const std::string& name) {
  const auto text = read_file(MDL_SOURCE_DIR "/tests/unit/release/data/" + name + ".json");
  REQUIRE(text);
  const auto value = parse_json(*text);
  REQUIRE(value);
  auto record = release::record_from(*value);
  REQUIRE_MESSAGE(record, (record ? "" : record.error().message));
  return *record;
}

Value stored(const Bench& bench, int number) {
  auto& platform = const_cast<Bench&>(bench).state();
  const auto found = std::ranges::find(platform.records, number, &release::Record::number);
  REQUIRE(found != platform.records.end());
  return release::to_value(*found);
}

// A service whose history holds these records, of which `live` serves.
void give_history(Bench& bench, const std::vector<std::string>& names, int live) {
  auto& state = bench.state();
  for (const auto& name : names) {
    state.records.push_back(record(name));
    state.records.back().revision = name;
    for (const auto& value : state.records.back().resources.as_array()) {
      const auto desired = plan::desired_from(value);
      if (!desired) continue;
      state.resources.push_back(
          {.observed = {
               .id = desired->id, .release = desired->release, .spec = desired->spec, .revision = name}});
    }
    bench.platform.artifacts.insert(state.records.back().artifact);
  }
  state.live = {.split = {{live, 1.0}}, .revision = "5"};
}

std::string journal_file(const Bench& bench, const std::string& name) {
  const auto path = bench.folder.path + "/" + name + ".db";
  const auto text = read_file(MDL_SOURCE_DIR "/tests/unit/engine/data/" + name + ".sql");
  REQUIRE(text);
  auto database = sqlite::Database::open(path);
  REQUIRE(database);
  REQUIRE(database->execute(text->c_str()));
  return path;
}

std::int64_t number_in(const std::string& path, const std::string& query) {
  auto database = sqlite::Database::open(path);
  REQUIRE(database);
  auto rows = database->prepare(query);
  REQUIRE(rows);
  REQUIRE(rows->step());
  return rows->integer(0);
}

}  // namespace

TEST_CASE("versions: a record of the version before is read, serves on and is written back as it was read") {
  Bench bench;
  give_history(bench, {"record-before"}, 1);
  const auto history = engine::history(bench.ref(), bench.provider);
  REQUIRE(history);
  CHECK(history->front().state == release::State::live);
  CHECK(history->front().author.name == "ci 398");
  CHECK_FALSE(history->front().rehearsal);
  REQUIRE(bench.deploy(bench.service("3")).exit == Exit::ok);
  CHECK(stored(bench, 1)["state"].as_string() == "superseded");
  CHECK(stored(bench, 1)["config"] == release::to_value(record("record-before"))["config"]);
  REQUIRE(bench.rollback(1).exit == Exit::ok);
  CHECK(bench.state().live.release() == 1);
}

TEST_CASE("versions: what a later version wrote into a record is kept when this one changes it") {
  Bench bench;
  give_history(bench, {"record-before", "record-after"}, 2);
  REQUIRE(bench.deploy(bench.service("3")).exit == Exit::ok);
  const auto after = release::to_value(record("record-after")), now = stored(bench, 2);
  CHECK(now["state"].as_string() == "superseded");
  CHECK(now["schema"].as_integer() == 2);
  for (const auto* member : {"signature", "approvals", "author", "rehearsal", "resources"})
    CHECK(now[member] == after[member]);
  REQUIRE(bench.rollback(2, true).exit == Exit::ok);
  CHECK(stored(bench, 2)["signature"] == after["signature"]);
  REQUIRE(bench.rollback(2).exit == Exit::ok);
  CHECK(bench.state().live.release() == 2);
}

TEST_CASE(
    "versions: a release that a later version rendered in another form is not gone back to, and nothing is "
    "lost") {
  Bench bench;
  give_history(bench, {"record-after", "record-beyond"}, 2);
  const auto before = stored(bench, 3);
  const auto outcome = bench.rollback(3);
  CHECK(outcome.exit == Exit::failed);
  REQUIRE(outcome.error);
  CHECK(outcome.error->message ==
        "release 3 was rendered by a later version of mdl (record schema 5, this one knows up to 1): go back "
        "with that "
        "version");
  CHECK(bench.platform.calls.empty());
  REQUIRE(bench.deploy(bench.service("4")).exit == Exit::ok);
  CHECK(stored(bench, 3) == before);
}

TEST_CASE(
    "versions: a journal of the version before and of the version after is read, and the run finished") {
  for (const auto* name : {"journal-1", "journal-3"}) {
    CAPTURE(name);
    Bench bench;
    const auto path = journal_file(bench, name);
    auto journal = engine::open_journal(path);
    const auto found = journal->unfinished(bench.ref());
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->command == "deploy");
    CHECK((*found)->release == 2);
    REQUIRE((*found)->entries.size() == 4);
    CHECK((*found)->entries[3].call == "create instances credit-risk/2");

    bench.journal = engine::open_journal(path);
    bench.become({.name = "dev"});
    REQUIRE(bench.deploy(bench.service("1")).exit == Exit::ok);
    REQUIRE(bench.journal->finish((*found)->id));
    CHECK_FALSE(*bench.journal->unfinished(bench.ref()));
    CHECK(number_in(path, "SELECT count(*) FROM run") == 2);
    CHECK(number_in(path, "SELECT count(*) FROM entry WHERE call = 'promote 1'") == 2);
  }
}

TEST_CASE("versions: what only a later version's journal holds stays in it") {
  Bench bench;
  const auto path = journal_file(bench, "journal-3");
  bench.journal = engine::open_journal(path);
  bench.become({.name = "dev"});
  REQUIRE(bench.deploy(bench.service("1")).exit == Exit::ok);
  CHECK(number_in(path, "SELECT count(*) FROM run WHERE host = 'build-7'") == 1);
  CHECK(number_in(path, "SELECT bytes FROM upload") == 12);
  CHECK(number_in(path, "PRAGMA user_version") == 3);
}

TEST_CASE(
    "versions: a journal that this version cannot act on stops the run before its first call, untouched") {
  Bench bench;
  const auto path = journal_file(bench, "journal-9");
  const auto before = read_file(path);
  bench.journal = engine::open_journal(path);
  bench.become({.name = "dev"});
  const auto outcome = bench.deploy(bench.service("1"));
  CHECK(outcome.exit == Exit::failed);
  REQUIRE(outcome.error);
  CHECK(outcome.error->message ==
        "the journal " + path +
            " was written by a later version of mdl (schema 9, this one knows up to 2): use "
            "that version, or move the file away; what is deployed does not depend on it");
  CHECK(bench.platform.calls.empty());
  REQUIRE(before);
  CHECK(read_file(path).value_or("") == *before);
}
