#include "providers/local/supervisor/state.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "core/util/files.hpp"
#include "tests/fakes/folder.hpp"

using namespace mdl;
using namespace mdl::local;
using supervisor::ReleaseRow;
using supervisor::State;

namespace {

const release::ServiceRef ref{"credit-risk", "local"};

Value split_of(int release) { return Value::array({Value::object({{"release", release}, {"weight", 1.0}})}); }
Value spec_of(const char* artifact) { return Value::object({{"artifact", artifact}}); }

std::string revision_of(State& state) { return state.read(ref).value().value().live_revision; }

template <class T>
ErrorKind kind_of(const Result<T>& result) {
  return result ? ErrorKind::internal : result.error().kind;
}

// A service with releases 1 and 2, of which 1 is live.
struct Deployed {
  fakes::TempFolder folder;
  Home home{folder.path()};
  State state = State::open(home).value();
  Deployed() {
    REQUIRE(state.put_gateway(ref, "0", Value::object({{"port", 0}}), 8400));
    REQUIRE(state.put_replicas(ref, "0", 1, spec_of("a")));
    REQUIRE(state.put_replicas(ref, "0", 2, spec_of("b")));
    REQUIRE(state.swap(ref, "0", split_of(1)));
  }
};

}  // namespace

TEST_CASE("supervisor state: the live pointer moves by compare-and-swap, once for each revision") {
  Deployed d;
  const auto before = revision_of(d.state);
  REQUIRE(d.state.swap(ref, before, split_of(2)));
  CHECK(kind_of(d.state.swap(ref, before, split_of(1))) == ErrorKind::conflict);
  const auto row = d.state.read(ref).value().value();
  CHECK(row.live_release() == 2);
  CHECK(row.live_revision != before);
}

TEST_CASE("supervisor state: a call behind a moved live pointer changes nothing") {
  Deployed d;
  const auto before = d.state.read(ref).value().value();
  const auto stale = std::string("0");
  CHECK(kind_of(d.state.put_gateway(ref, stale, Value::object({{"port", 9000}}), 9000)) ==
        ErrorKind::conflict);
  CHECK(kind_of(d.state.put_scaling(ref, stale, Value::object())) == ErrorKind::conflict);
  CHECK(kind_of(d.state.put_replicas(ref, stale, 3, spec_of("c"))) == ErrorKind::conflict);
  CHECK(kind_of(d.state.remove_gateway(ref, stale)) == ErrorKind::conflict);
  CHECK(kind_of(d.state.remove_scaling(ref, stale)) == ErrorKind::conflict);
  CHECK(kind_of(d.state.remove_replicas(ref, stale, 1)) == ErrorKind::conflict);
  CHECK(kind_of(d.state.wake(ref, stale, 1)) == ErrorKind::conflict);
  const auto after = d.state.read(ref).value().value();
  CHECK(after.gateway == before.gateway);
  CHECK(after.port == 8400);
  CHECK(after.scaling.is_null());
  CHECK(after.releases.size() == 2);
}

TEST_CASE("supervisor state: a service that was destroyed and made anew never has a revision of before") {
  Deployed d;
  const auto before = revision_of(d.state);
  for (const int release : {1, 2}) REQUIRE(d.state.remove_replicas(ref, before, release));
  REQUIRE(d.state.remove_gateway(ref, before));
  REQUIRE(d.state.erase(ref));
  CHECK_FALSE(d.state.read(ref).value().has_value());
  REQUIRE(d.state.put_replicas(ref, "0", 1, spec_of("a")));
  REQUIRE(d.state.swap(ref, "0", split_of(1)));
  CHECK(std::stoi(revision_of(d.state)) > std::stoi(before));
}

TEST_CASE("supervisor state: a history is not erased while the service still has a gateway or replicas") {
  Deployed d;
  REQUIRE(d.state.add_record(ref, Value::object({{"number", 1}})));
  CHECK(kind_of(d.state.erase(ref)) == ErrorKind::conflict);
  CHECK(d.state.records(ref).value().size() == 1);
}

TEST_CASE(
    "supervisor state: traffic goes only to releases that exist and did not fail, in shares that make a "
    "whole") {
  Deployed d;
  const auto live = revision_of(d.state);
  const auto failure = Value::object({{"detail", "replica 2/1 exited 1 before /healthz answered"}});
  REQUIRE(d.state.set_phase(ref, 2, ReleaseRow::Phase::failed, failure));
  CHECK(kind_of(d.state.swap(ref, live, split_of(2))) == ErrorKind::refused);
  CHECK(kind_of(d.state.swap(ref, live, split_of(7))) == ErrorKind::not_found);
  auto half = Value::array({Value::object({{"release", 1}, {"weight", 0.5}})});
  CHECK(kind_of(d.state.swap(ref, live, half)) == ErrorKind::invalid);
  CHECK(d.state.read(ref).value()->live_release() == 1);
  CHECK(d.state.swap(ref, live, Value::array()).has_value());
}

TEST_CASE(
    "supervisor state: putting the same replicas again only wakes them; others are refused while they get "
    "traffic") {
  Deployed d;
  const auto live = revision_of(d.state);
  const auto before = d.state.read(ref).value()->find(2)->revision;
  REQUIRE(d.state.set_phase(ref, 2, ReleaseRow::Phase::resting));
  REQUIRE(d.state.put_replicas(ref, live, 2, spec_of("b")));
  CHECK(d.state.read(ref).value()->find(2)->revision == before);
  CHECK(d.state.read(ref).value()->find(2)->phase == ReleaseRow::Phase::up);
  CHECK(kind_of(d.state.put_replicas(ref, live, 1, spec_of("other"))) == ErrorKind::refused);
  REQUIRE(d.state.put_replicas(ref, live, 2, spec_of("other")));
  CHECK(d.state.read(ref).value()->find(2)->revision != before);
}

TEST_CASE("supervisor state: what was scaled by hand holds until the manifest's own figures change") {
  Deployed d;
  const auto live = revision_of(d.state);
  const auto put = [&](int declared, int effective) {
    auto spec = Value::object({{"declared", Value::object({{"min", declared}})}});
    if (effective >= 0) spec.set("effective", Value::object({{"min", effective}}));
    REQUIRE(d.state.put_scaling(ref, live, spec));
    return d.state.read(ref).value()->scaling["effective"]["min"].as_integer();
  };
  CHECK(put(1, -1) == 1);
  CHECK(put(1, 3) == 3);   // mdl scale
  CHECK(put(1, -1) == 3);  // the next deploy
  CHECK(put(2, 5) == 2);   // the manifest changed
}

TEST_CASE("supervisor state: records are appended once by number and updated by their revision") {
  Deployed d;
  const auto record = Value::object({{"number", 8}, {"state", "pending"}});
  const auto added = d.state.add_record(ref, record).value();
  CHECK(kind_of(d.state.add_record(ref, record)) == ErrorKind::conflict);
  auto changed = record;
  changed.set("state", "live");
  const auto revision = added["revision"].as_string();
  const auto updated = d.state.update_record(ref, 8, revision, changed).value();
  CHECK(kind_of(d.state.update_record(ref, 8, revision, record)) == ErrorKind::conflict);
  CHECK(kind_of(d.state.update_record(ref, 9, revision, record)) == ErrorKind::not_found);
  REQUIRE(d.state.add_record(ref, Value::object({{"number", 9}})));
  const auto records = d.state.records(ref).value();
  REQUIRE(records.size() == 2);
  CHECK(records[0]["number"].as_integer() == 9);
  CHECK(records[1]["state"].as_string() == "live");
  CHECK(records[1]["revision"] == updated["revision"]);
}

TEST_CASE("supervisor state: a number is not claimed behind a live pointer that moved") {
  Deployed d;
  const auto revision = revision_of(d.state);
  const auto claim = [&](int number, const std::string& fence) {
    return d.state.add_record(ref, Value::object({{"number", number}, {"fence", fence}}));
  };
  CHECK(claim(8, revision));
  CHECK(kind_of(claim(9, "0")) == ErrorKind::conflict);
  CHECK(d.state.records(ref)->size() == 1);
}

TEST_CASE("supervisor state: secrets read back, stand nowhere in clear, and open only under their own name") {
  Deployed d;
  const std::string value = "correct horse battery staple";
  REQUIRE(d.state.keep_secret(ref, {"PASSWORD", "v1"}, value));
  CHECK(d.state.secret(ref, {"PASSWORD", "v1"}).value() == value);
  CHECK(kind_of(d.state.secret(ref, {"PASSWORD", "v2"})) == ErrorKind::not_found);
  for (const auto* suffix : {"", "-wal"}) {
    const auto bytes = read_file(d.home.database() + suffix).value();
    CHECK(bytes.find(value) == std::string::npos);
    struct stat status {};
    REQUIRE(::stat((d.home.database() + suffix).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  auto database = sqlite::Database::open(d.home.database()).value();
  REQUIRE(database.run("UPDATE secrets SET version = 'v2'"));
  const auto moved = d.state.secret(ref, {"PASSWORD", "v2"});
  CHECK(kind_of(moved) == ErrorKind::failed);
}

TEST_CASE("supervisor state: another key does not open what was kept") {
  fakes::TempFolder folder;
  const Home home{folder.path()};
  {
    auto state = State::open(home).value();
    REQUIRE(state.keep_secret(ref, {"A", "1"}, "value"));
  }
  REQUIRE(write_file(home.secret_key(), std::string(32, 'x'), 0600));
  auto state = State::open(home).value();
  CHECK(kind_of(state.secret(ref, {"A", "1"})) == ErrorKind::failed);
}

TEST_CASE("supervisor state: what was kept is there when it is opened again") {
  Deployed d;
  auto again = State::open(d.home).value();
  const auto row = again.read(ref).value().value();
  CHECK(row.port == 8400);
  CHECK(row.live_release() == 1);
  CHECK(row.find(2)->spec == spec_of("b"));
  CHECK(again.services().value().size() == 1);
}

TEST_CASE(
    "supervisor state: a damaged database is refused, with its name and the remedy, and stays as it is") {
  fakes::TempFolder folder;
  const Home home{folder.path()};
  const std::string garbage(8192, 'x');
  REQUIRE(write_file(home.database(), garbage, 0600));
  const auto state = State::open(home);
  REQUIRE_FALSE(state);
  CHECK(state.error().message.find(home.database()) != std::string::npos);
  CHECK_FALSE(state.error().next.empty());
  CHECK(read_file(home.database()).value() == garbage);
}

TEST_CASE("supervisor state: a database of a later version of mdl is refused") {
  fakes::TempFolder folder;
  const Home home{folder.path()};
  { REQUIRE(State::open(home)); }
  {
    auto database = sqlite::Database::open(home.database()).value();
    REQUIRE(database.execute("PRAGMA user_version = 99"));
  }
  const auto state = State::open(home);
  REQUIRE_FALSE(state);
  CHECK(state.error().kind == ErrorKind::refused);
}
