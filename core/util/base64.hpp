#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mdl {

// RFC 4648, the standard alphabet with padding.
std::string base64(std::string_view bytes);
// nullopt for anything that base64 does not write; line ends and blanks are not allowed either.
std::optional<std::string> from_base64(std::string_view text);

// The bytes that an even number of hex digits stand for; nullopt for anything else.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace mdl
