#include "core/util/sqlite.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include "core/util/files.hpp"
#include "tests/fakes/folder.hpp"

using namespace mdl;
using sqlite::Database;

namespace {

std::int64_t count(Database& database) {
  auto statement = database.prepare("SELECT count(*) FROM t").value();
  CHECK(statement.step() == true);
  return statement.integer(0);
}

}  // namespace

TEST_CASE("sqlite: every type of value survives, and null is told apart from empty") {
  auto database = Database::open(":memory:").value();
  REQUIRE(database.execute("CREATE TABLE t (a, b, c, d, e, f)"));
  const std::string bytes("\0\xFF\0", 3);
  REQUIRE(database.run(
      "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)",
      {INT64_MIN, std::string("tex\0t", 5), sqlite::Blob{bytes}, nullptr, std::string_view(), 0.5}));
  CHECK(database.changes() == 1);
  CHECK(database.last_row_id() == 1);
  auto row = database.prepare("SELECT * FROM t WHERE a = ?", {INT64_MIN}).value();
  REQUIRE(row.step() == true);
  CHECK(row.integer(0) == INT64_MIN);
  CHECK(row.text(1) == std::string("tex\0t", 5));
  CHECK(row.text(2) == bytes);
  CHECK(row.is_null(3));
  CHECK_FALSE(row.is_null(4));
  CHECK(row.text(4).empty());
  CHECK(row.number(5) == 0.5);
  CHECK(row.step() == false);
  REQUIRE(row.bind({1}));
  CHECK(row.step() == false);
}

TEST_CASE("sqlite: the database and its companions are private") {
  const fakes::TempFolder folder;
  const auto path = folder.write("s.db", "");
  ::chmod(path.c_str(), 0644);
  auto database = Database::open(path).value();
  REQUIRE(database.execute("CREATE TABLE t (a)"));
  for (const auto* end : {"", "-wal", "-shm"}) {
    struct stat status {};
    REQUIRE(::stat((path + end).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  CHECK(Database::open(folder / "new/folder/s.db"));
}

TEST_CASE("sqlite: a transaction that is not committed leaves nothing") {
  auto database = Database::open(":memory:").value();
  REQUIRE(database.execute("CREATE TABLE t (a)"));
  {
    auto transaction = database.begin().value();
    REQUIRE(database.run("INSERT INTO t VALUES (1)"));
  }
  CHECK(count(database) == 0);
  {
    auto transaction = database.begin().value();
    REQUIRE(database.run("INSERT INTO t VALUES (1)"));
    REQUIRE(transaction.commit());
  }
  CHECK(count(database) == 1);
}

TEST_CASE("sqlite: a violated constraint is a conflict, a wrong statement is not") {
  auto database = Database::open(":memory:").value();
  REQUIRE(database.execute("CREATE TABLE t (a PRIMARY KEY); CREATE TABLE u (a REFERENCES t)"));
  REQUIRE(database.run("INSERT INTO t VALUES (1)"));
  const auto twice = database.run("INSERT INTO t VALUES (1)");
  CHECK(twice.error().kind == ErrorKind::conflict);
  CHECK(twice.error().code == "SQLITE_CONSTRAINT");
  CHECK(twice.error().quoted.find("t.a") != std::string::npos);
  CHECK(database.run("INSERT INTO u VALUES (7)").error().kind == ErrorKind::conflict);  // foreign keys are on
  CHECK(database.run("SELEC 1").error().kind == ErrorKind::failed);
  CHECK(database.run("SELECT ?", {}).error().kind == ErrorKind::internal);
  CHECK(database.run("").error().kind == ErrorKind::internal);
}

TEST_CASE("sqlite: another writer, a damaged file, a full and a read-only database are recognised") {
  const fakes::TempFolder folder;
  const auto path = folder / "s.db";
  const sqlite::OpenOptions hurried{.busy_timeout = Milliseconds{1}};
  auto first = Database::open(path, hurried).value();
  auto second = Database::open(path, hurried).value();
  REQUIRE(first.execute("CREATE TABLE t (a)"));

  auto held = first.begin().value();
  CHECK(second.begin().error().code == "SQLITE_BUSY");
  CHECK(second.begin().error().kind == ErrorKind::unavailable);
  REQUIRE(held.commit());

  REQUIRE(first.execute("PRAGMA max_page_count = 3"));
  CHECK(first.run("INSERT INTO t VALUES (zeroblob(100000))").error().code == "SQLITE_FULL");

  auto reader = Database::open(path, {.read_only = true}).value();
  CHECK(reader.run("INSERT INTO t VALUES (1)").error().code == "SQLITE_READONLY");
  CHECK(count(reader) == 0);

  const auto other = folder.write("no.db", std::string(4096, 'x'));
  const auto damaged = Database::open(other);
  REQUIRE_FALSE(damaged);
  CHECK(sqlite::is_corrupt(damaged.error()));
  CHECK(damaged.error().resource == other);
}

TEST_CASE("sqlite: absence is told apart from a failure to open") {
  const fakes::TempFolder folder;
  CHECK(Database::open(folder / "none.db", {.read_only = true}).error().kind == ErrorKind::not_found);
  CHECK_FALSE(exists(folder / "none.db"));
  const auto directory = Database::open(folder.path());
  CHECK(directory.error().kind == ErrorKind::unavailable);
  CHECK(directory.error().code == "SQLITE_CANTOPEN");
}

TEST_CASE("sqlite: a schema is brought up to date once, and a later one is refused") {
  const fakes::TempFolder folder;
  auto database = Database::open(folder / "s.db").value();
  const char* one[] = {"CREATE TABLE t (a)"};
  const char* two[] = {"CREATE TABLE t (a)", "ALTER TABLE t ADD COLUMN b; INSERT INTO t VALUES (1, 2)"};
  const char* broken[] = {two[0], two[1], "INSERT INTO t VALUES (3, 4); SELEC"};
  REQUIRE(database.migrate(one));
  REQUIRE(database.migrate(two));
  REQUIRE(database.migrate(two));
  CHECK(count(database) == 1);
  CHECK(database.version() == 2);
  CHECK(database.migrate(one).error().code == "SCHEMA_NEWER");
  CHECK_FALSE(database.migrate(broken));
  CHECK(database.version() == 2);
  CHECK(count(database) == 1);

  REQUIRE(database.execute("PRAGMA user_version = -3"));
  CHECK(sqlite::is_corrupt(database.migrate(two).error()));
}

TEST_CASE("sqlite: processes that migrate at once do each step once") {
  const fakes::TempFolder folder;
  std::vector<std::thread> threads;
  std::vector<int> fine(4);
  for (auto& ok : fine)
    threads.emplace_back([&ok, &folder] {
      const char* steps[] = {"CREATE TABLE t (a)", "INSERT INTO t VALUES (1)"};
      auto database = Database::open(folder / "s.db");
      ok = database && database->migrate(steps);
    });
  for (auto& thread : threads) thread.join();
  CHECK(fine == std::vector<int>(4, 1));
  auto database = Database::open(folder / "s.db").value();
  CHECK(count(database) == 1);
}

TEST_CASE(
    "sqlite: what need not outlive the machine is there for the next process, without a wait for the disk") {
  const fakes::TempFolder folder;
  const auto path = folder / "s.db";
  const auto mode = [](Database& database) {
    auto row = database.prepare("PRAGMA synchronous").value();
    REQUIRE(row.step());
    return row.integer(0);
  };
  {
    auto database = Database::open(path, {.outlives_machine = false}).value();
    CHECK(mode(database) == 1);
    REQUIRE(database.execute("CREATE TABLE t (a); INSERT INTO t VALUES (7)"));
  }
  struct stat wal {};
  REQUIRE(::stat((path + "-wal").c_str(), &wal) == 0);  // not copied at the end
  CHECK(wal.st_size > 0);
  auto database = Database::open(path).value();
  CHECK(mode(database) == 2);
  auto row = database.prepare("SELECT a FROM t").value();
  REQUIRE(row.step());
  CHECK(row.integer(0) == 7);
}
