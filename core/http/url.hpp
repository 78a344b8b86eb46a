#pragma once

#include <string>
#include <string_view>

namespace mdl::http {

// The URL without user information, query and fragment, any of which may hold a secret: for messages and
// logs.
std::string shown_url(std::string_view url);
// Where a Location header of `base` leads: an absolute URL, or one relative to it. Without the fragment.
std::string joined_url(std::string_view base, std::string_view location);
// "https://host:port" of it: what a connection is made to.
std::string origin(std::string_view url);
// Whether its host is this machine by name: localhost, 127.x.x.x or [::1].
bool is_loopback(std::string_view url);
// Whether two header names are the same (ASCII case-insensitively).
bool same_name(std::string_view a, std::string_view b);

}  // namespace mdl::http
