#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/util/clock.hpp"

// AWS's table of managed runtimes. AWS has moved these dates several times: they warn, and refuse only what
// AWS itself refuses by then.
namespace mdl::aws {

struct Runtime {
  std::string_view name;
  std::string_view deprecated, create_block, update_block;  // dates; "": none is set
};
std::span<const Runtime> runtimes();
const Runtime* find_runtime(std::string_view name);
inline constexpr std::string_view runtimes_source = "AWS Lambda runtimes, a copy of October 2026";
inline constexpr std::string_view runtimes_read_on = "2026-11-24";

// Whether this date ("2027-07-29") has come.
bool has_come(std::string_view date, Time now);

}  // namespace mdl::aws
