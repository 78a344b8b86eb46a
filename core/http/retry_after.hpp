#pragma once

#include <optional>
#include <string_view>

#include "core/util/clock.hpp"

namespace mdl::http {

// How long a Retry-After header asks to wait: whole seconds or an HTTP date (RFC 9110, the preferred form),
// against `now`. A date that has passed is 0; nullopt for anything else. The figure may be huge: the caller
// bounds it.
std::optional<Milliseconds> parse_retry_after(std::string_view text, Time now);

// "Sun, 06 Nov 1994 08:49:37 GMT", the preferred form of RFC 9110; nullopt for anything else.
std::optional<Time> parse_http_date(std::string_view text);

}  // namespace mdl::http
