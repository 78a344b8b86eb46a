#pragma once

#include <string>

#include "core/util/clock.hpp"

// Times for people: in the local time zone.
namespace mdl::cli {

std::string local_clock(Time time);         // "12:04:02"
std::string local_clock_millis(Time time);  // "12:04:02.117"
std::string local_date(Time time);          // "2026-11-24"

}  // namespace mdl::cli
