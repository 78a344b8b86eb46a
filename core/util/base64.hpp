#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/util/text.hpp"  // base64

namespace mdl {

// The bytes of a text in RFC 4648's standard alphabet with padding. nullopt for anything that base64 does not
// write; line ends and blanks are not allowed either.
std::optional<std::string> from_base64(std::string_view text);

// The bytes that an even number of hex digits stand for; nullopt for anything else.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace mdl
