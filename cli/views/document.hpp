#pragma once

#include <string>
#include <vector>

#include "core/manifest/service.hpp"
#include "core/release/record.hpp"
#include "core/util/error.hpp"
#include "core/util/value.hpp"

// Pieces of the JSON documents that several commands share.
namespace mdl::cli {

std::string to_yaml(const Value& value);                  // block style, ends with a newline
Value source_value(const std::optional<Source>& source);  // {"file","line","column"} or null
Value problem_value(const manifest::Problem& problem);
Value problems_value(const std::vector<manifest::Problem>& problems);
Value error_value(const Error& error);  // {"kind","message",…}, only members that are set
Value time_value(Time time);            // RFC 3339, or null for the zero time

Value rehearsal_value(const std::optional<release::Rehearsal>& rehearsal);  // null: never
// A history entry without its rendered resources.
Value record_value(const release::Record& record);
// What people read as its state: a superseded release that can be restored is "restorable".
std::string_view state_word(const release::Record& record);

}  // namespace mdl::cli
