#include "tests/contract/races/zombie.hpp"

using namespace mdl;
using fakes::Bench;

TEST_CASE("races: a run that was overtaken loses at its next call, whichever it is") {
  for (const auto& meeting : contract::races::meetings<Bench>()) {
    const int calls = contract::races::calls_of(meeting);
    CHECK(calls > 0);
    for (int at = -1; at < calls - 1; ++at) contract::races::park_and_wake(meeting, at);
  }
}
