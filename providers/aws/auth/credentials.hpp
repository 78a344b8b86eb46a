#pragma once

#include <optional>
#include <string>

#include "core/util/clock.hpp"

namespace mdl::aws {

// What requests are signed with. No member but `source`, `access_key` and `account` may be shown.
struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;    // empty for long-lived keys
  std::optional<Time> expires;  // nullopt: does not expire, or nobody says when
  std::string source;           // for people: "profile prod", "environment"
  std::string account;          // twelve digits, where the source tells; else empty
};

}  // namespace mdl::aws
