#pragma once

#include "core/engine/calls.hpp"
#include "core/engine/stage.hpp"

namespace mdl::engine {

// A platform may show what was just made so late.
inline constexpr Milliseconds late_for{30'000};

struct Wait {
  const ServiceRef& ref;
  int release = 0;
  Milliseconds timeout{0};
  const plan::Live& live;  // as this run moved it
  const Calls& calls;
};
// Observes until every replica of the release is healthy. Returns what the last observation said. Errors:
// failed (the release failed: resource, code and its own last lines are set), timeout, interrupted; conflict
// when it is not there because another run won. One that is not there otherwise is waited for.
Result<std::string> wait_ready(const Wait& wait, Provider& provider, Environment& env, StageScope& stage);

// Whether another run moved the live pointer.
bool overtaken(const ServiceRef& ref, const plan::Live& live, Provider& provider, const Calls& calls);

struct GoldenRun {
  ServiceRef ref;
  int release = 0;
  int stable = 0;      // the release that serves; 0: none to compare with
  std::string folder;  // that golden paths are relative to
  Milliseconds timeout{0};
};

// Sends each golden request to the release, without traffic. Its answer must be the expected one; where none
// is written down, it must be what the stable release answers, beyond what that one's answers differ by
// themselves (see gate/answers.hpp). Returns "2 golden requests equal, 1 as release 8 answers"; those that
// there was nothing to compare with "answered". Empty without golden requests. Errors: failed, naming the
// file and the first difference.
Result<std::string> check_golden(const GoldenRun& run, const std::vector<manifest::Golden>& golden,
                                 Provider& provider);

// The first difference between two answers, as "decision: \"approve\" is not \"decline\"", or "" when equal:
// JSON values member by member with numbers equal within `tolerance` (absolute or relative, whichever is
// larger), other texts byte by byte.
std::string answer_difference(std::string_view expected, std::string_view got, double tolerance);

}  // namespace mdl::engine
