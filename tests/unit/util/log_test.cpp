#include "core/util/log.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "core/util/files.hpp"
#include "tests/fakes/folder.hpp"
#include "tests/fakes/time.hpp"

using namespace mdl;

TEST_CASE("log: lines carry the clock's time and their level, and lower levels are left out") {
  const fakes::TempFolder folder;
  fakes::FakeClock clock;
  const auto log = Log::to_file(folder / "logs/a.log", LogLevel::info, clock);
  REQUIRE(log);
  log->debug("not this");
  log->info("started");
  clock.advance(std::chrono::milliseconds(1500));
  log->warning("a\nb");
  CHECK(read_file(folder / "logs/a.log") ==
        "2026-11-24T12:00:00.000Z info started\n2026-11-24T12:00:01.500Z warning a\\x0ab\n");
  CHECK_FALSE(log->takes(LogLevel::debug));
}

TEST_CASE("log: secrets are redacted in every copy, the longest first") {
  const fakes::TempFolder folder;
  fakes::FakeClock clock;
  const auto log = Log::to_file(folder / "a.log", LogLevel::debug, clock).value();
  const auto copy = log;
  log.redact("hunter2");
  log.redact("hunter2-long");
  log.redact("");
  copy.error("pw=hunter2 key=hunter2-long.");
  CHECK(read_file(folder / "a.log")->ends_with("error pw=[redacted] key=[redacted].\n"));
}

TEST_CASE("log: files are private, rotated and bounded") {
  const fakes::TempFolder folder;
  fakes::FakeClock clock;
  folder.write("a.log", "");
  ::chmod((folder / "a.log").c_str(), 0644);
  const auto log = Log::to_file(folder / "a.log", LogLevel::debug, clock, 200, 2).value();
  struct stat opened {};
  REQUIRE(::stat((folder / "a.log").c_str(), &opened) == 0);
  CHECK((opened.st_mode & 0777) == 0600);
  for (int i = 0; i < 40; ++i) log.info("line " + std::to_string(i));
  for (const auto* name : {"a.log", "a.1.log", "a.2.log"}) {
    struct stat status {};
    REQUIRE(::stat((folder / name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(status.st_size <= 200);
  }
  CHECK_FALSE(exists(folder / "a.3.log"));
  CHECK(read_file(folder / "a.log")->ends_with("line 39\n"));
}

TEST_CASE("log: one without a sink takes nothing, and one that cannot be opened is an error") {
  const Log none;
  CHECK_FALSE(none.takes(LogLevel::error));
  none.error("dropped");
  none.redact("x");
  const fakes::TempFolder folder;
  fakes::FakeClock clock;
  CHECK(Log::to_file(folder.path(), LogLevel::info, clock).error().kind == ErrorKind::failed);
}
