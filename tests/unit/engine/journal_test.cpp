#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/fakes/bench.hpp"

using namespace mdl;
using Phase = engine::JournalEntry::Phase;

TEST_CASE("engine: a journal on disk is read by the next process, private to its user") {
  const fakes::TemporaryFolder folder;
  const auto path = folder.path + "/journal.db";
  const release::ServiceRef ref{"credit-risk", "prod"};
  {
    auto journal = engine::open_journal(path);
    auto none = journal->unfinished(ref);
    REQUIRE(none);
    CHECK_FALSE(*none);
    REQUIRE(journal->begin(
        {.id = "run-1", .ref = ref, .command = "deploy", .manifest = "/x/mdl.yaml", .release = 2}));
    REQUIRE(journal->write("run-1", {.phase = Phase::before, .call = "append record 2"}));
    REQUIRE(
        journal->write("run-1", {.phase = Phase::failed, .call = "append record 2", .detail = "conflict"}));
  }
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);

  auto journal = engine::open_journal(path);
  auto found = journal->unfinished(ref);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->release == 2);
  REQUIRE((*found)->entries.size() == 2);
  CHECK((*found)->entries[1].detail == "conflict");
  CHECK((*found)->entries[1].phase == Phase::failed);
  REQUIRE(journal->finish("run-1"));
  CHECK_FALSE(*journal->unfinished(ref));
}

TEST_CASE("engine: a run that cannot be journalled makes no call") {
  fakes::Bench bench;
  bench.folder.write("not-a-folder", "");
  auto journal = engine::open_journal(bench.folder.path + "/not-a-folder/journal.db");
  engine::Environment env{bench.clock,  bench.sleeper, bench.interrupt,    *journal,
                          bench.events, "run",         bench.env().author, ""};
  engine::DeployRequest request;
  request.services = {bench.service()};
  const auto outcome = engine::deploy(request, bench.provider, env).front();
  CHECK(outcome.exit == engine::Exit::failed);
  CHECK(bench.platform.calls.empty());
}
