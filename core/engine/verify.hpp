#pragma once

#include "core/engine/stage.hpp"

namespace mdl::engine {

// Observes until every replica of the release is healthy. Returns what the last observation said. Errors:
// failed (the release failed: resource, code and its own last lines are set), timeout, interrupted.
Result<std::string> wait_ready(const ServiceRef& ref, int release, Milliseconds timeout, Provider& provider,
                               Environment& env, StageScope& stage);

// Sends each golden request to the release, without traffic, and compares the answers. Returns how many there
// were. Errors: failed, naming the file and the first difference.
Result<int> check_golden(const ServiceRef& ref, int release, const std::vector<manifest::Golden>& golden,
                         const std::string& folder, Milliseconds timeout, Provider& provider);

// The first difference between two answers, as "decision: \"approve\" is not \"decline\"", or "" when equal:
// JSON values member by member with numbers equal within `tolerance` (absolute or relative, whichever is
// larger), other texts byte by byte.
std::string answer_difference(std::string_view expected, std::string_view got, double tolerance);

}  // namespace mdl::engine
