#include "cli/views/releases.hpp"

#include <doctest/doctest.h>

#include "golden.hpp"
#include "samples.hpp"

using namespace mdl;
using release::State;

TEST_CASE("golden: releases are listed newest first with state, author, commit and how") {
  auto failed = samples::record(9, State::failed);
  failed.created = samples::ago(std::chrono::minutes(2));
  failed.author = {.name = "dev", .commit = "4f1c2d3aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", .dirty = true};
  failed.reason = "replica exited 1";
  auto back = samples::record(7, State::superseded);
  back.runs = 5;
  back.how = "rollback to 5";
  back.created = samples::ago(std::chrono::hours(72));
  back.secret_versions = {{"DB_PASSWORD", "7d9f"}};
  auto pruned = samples::record(4, State::pruned);
  pruned.author = {.name = "dev\x1b[31m"};
  pruned.created = samples::ago(std::chrono::hours(24 * 41));
  const std::vector<release::Record> records = {failed, samples::record(8, State::live), back, pruned};
  check_view("releases", cli::releases_text(records, samples::now(), {}),
             cli::releases_value({.service = "credit-risk", .target = "local"}, records));
}
