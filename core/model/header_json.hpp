#pragma once

#include "core/model/header.hpp"
#include "core/util/value.hpp"

namespace mdl::model {

Value to_value(const Header& header);
// What is missing or of another type is zero or empty.
Header header_from(const Value& value);

}  // namespace mdl::model
