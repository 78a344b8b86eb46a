#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "core/manifest/fields.hpp"

namespace mdl::manifest {

// The value of a field, or of an item of a list of texts or shares, from its text: a number for numbers,
// cores and shares, milliseconds for durations, bytes for sizes, a string for the rest. Checks choices, range
// and rule. The error is what is wrong, without the field's name; `shown` stands for the text in it ("'30'",
// or "the value of '${X}'").
std::expected<Value, std::string> parse_value(const Field& field, std::string_view text,
                                              const std::string& shown);

// A number as it would be written for a field of this type: 250ms, 512Mi, 10%, 5.
std::string written(FieldType type, double value);

// "; did you mean 'scale'?", or "" when no candidate is near. Bounded for long words.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace mdl::manifest
