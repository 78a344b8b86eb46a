#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/util/clock.hpp"
#include "core/util/value.hpp"
#include "providers/local/supervisor/http_get.hpp"

// Why a release did not become ready, in the words and members of an answer of readiness. Pure.
namespace mdl::local::supervisor {

// "connection refused", "/healthz answered 503", "/healthz did not answer".
std::string describe(const Answer& answer, const std::string& health);

Value launch_failure(const std::string& replica, const std::string& why);
Value exit_failure(const std::string& replica, int status, const std::string& reason,
                   const std::string& health, std::vector<std::string> lines);
// `listening`: the ports that the replica's processes listen on.
Value timeout_failure(const std::string& replica, const Answer& last, const std::string& health,
                      Milliseconds timeout, int port, const std::set<int>& listening,
                      std::vector<std::string> lines);

}  // namespace mdl::local::supervisor
