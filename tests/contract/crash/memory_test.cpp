#include "tests/contract/crash/suite.hpp"

// Enumerated, not sampled.

using namespace mdl;
using contract::crash::cases_of;
using fakes::Bench;

TEST_CASE("crash: whatever happens at any mutating call, the next run comes to the uninterrupted end") {
  std::size_t count = 0;
  for (const auto& scenario : contract::crash::scenarios<Bench>()) {
    const auto whole = contract::crash::run_whole(scenario);
    const auto cases = cases_of<Bench>(0, whole.calls);
    for (const auto& one : cases)
      contract::crash::check_case(scenario, one.at, one.fault, one.next, whole.end);
    count += cases.size();
  }
  MESSAGE(count << " cases");
}
