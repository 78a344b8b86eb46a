#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/util/error.hpp"
#include "core/util/value.hpp"

namespace mdl::local::supervisor {

// What a supervisor that is restarted leaves to the program that goes on in its process: times are
// Clock::elapsed in nanoseconds, which go on too. One version of mdl writes it and another reads it: members
// may be added, and `handover_format` is raised when an older reader must not go on without them.
inline constexpr int handover_format = 1;

struct Handover {
  Value state = Value::object();
  std::vector<int> descriptors;  // that stay open; `state` names them by their numbers

  int keep(int descriptor) {
    if (descriptor >= 0) descriptors.push_back(descriptor);
    return descriptor;
  }
};

// The variable that tells a started supervisor what to do: "check" to say which format it reads, else the
// descriptor of what it takes over.
inline constexpr const char* handover_variable = "MDL_HANDOVER";
// What a program answers to "check".
std::string handover_answer();

// Writes the state into memory that a program can inherit. Errors: failed.
Result<int> write_handover(const Value& state);
// nullopt when this process began afresh; the variable is unset. Errors: failed, when there is something that
// cannot be read.
Result<std::optional<Value>> read_handover();

}  // namespace mdl::local::supervisor
