#pragma once

#include <string>
#include <string_view>

namespace mdl::cli {

// What the user chose that a suggested command must repeat.
struct Scope {
  std::string file, target, service;  // empty: not given
  // command("rollback", "--rehearse") is "mdl rollback -t prod --rehearse".
  std::string command(std::string_view verb, std::string_view rest = "") const;
};

// A word as a POSIX shell reads it back.
std::string shell_quote(std::string_view word);

}  // namespace mdl::cli
