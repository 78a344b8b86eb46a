#include "tests/contract/aws/bench.hpp"
#include "tests/contract/crash/suite.hpp"

// The enumeration of tests/contract/crash/, unchanged, by requests: a call of the engine is one to five of
// them.

using namespace mdl;
using contract::AwsBench;
namespace crash = contract::crash;

TEST_CASE("aws crash: whatever happens at any request, the next run comes to the uninterrupted end") {
  const auto scenarios = crash::scenarios<AwsBench>();
  std::vector<crash::Case> all;
  std::vector<crash::Whole> wholes(scenarios.size());
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    if (scenarios[i].drains) continue;  // Lambda's versions stand side by side
    wholes[i] = crash::run_whole(scenarios[i]);
    const auto own = crash::cases_of<AwsBench>(static_cast<int>(i), wholes[i].calls);
    all.insert(all.end(), own.begin(), own.end());
  }
  const auto drawn = contract::sample(all, 24);
  for (const auto& one : drawn) {
    const auto at = static_cast<std::size_t>(one.scenario);
    crash::check_case(scenarios[at], one.at, one.fault, one.next, wholes[at].end);
  }
  MESSAGE(drawn.size() << " of " << all.size() << " cases");
}
