#pragma once

#include <functional>
#include <string>

#include "providers/local/supervisor/supervisor.hpp"

namespace mdl::local::supervisor {

// Metrics as they are now, with the services' own where their gateway spec names a path; a replica that does
// not answer within a second is left out. `done` is called once, now or later.
void metrics_report(Supervisor& supervisor, const Service& service, Milliseconds window, Milliseconds step,
                    std::function<void(Value)> done);
void prometheus(Supervisor& supervisor, std::function<void(std::string)> done);

}  // namespace mdl::local::supervisor
