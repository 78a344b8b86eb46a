#include "tests/contract/races/zombie.hpp"

#include "tests/contract/aws/bench.hpp"

using namespace mdl;
using contract::AwsBench;
namespace races = contract::races;

TEST_CASE("aws races: a run that was overtaken loses at its next request, whichever it is") {
  std::vector<std::pair<races::Meeting<AwsBench>, int>> all;
  for (const auto& meeting : races::meetings<AwsBench>()) {
    if (meeting.drains) continue;  // Lambda's versions stand side by side
    const int calls = races::calls_of(meeting);
    for (int at = -1; at < calls - 1; ++at) all.emplace_back(meeting, at);
  }
  REQUIRE_FALSE(all.empty());
  const auto drawn = contract::sample(all, 8);
  for (const auto& [meeting, at] : drawn) races::park_and_wake(meeting, at);
  MESSAGE(drawn.size() << " of " << all.size() << " meetings");
}
