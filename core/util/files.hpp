#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/util/error.hpp"

namespace mdl {

// The whole file. Errors: not_found, invalid when larger than max_bytes, unavailable otherwise (the system's
// words in `quoted`).
Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes = 64u << 20);
// Writes beside and renames, with fsync; the mode is set before the content is written. Parent folders are
// made (0700).
Result<void> write_file(const std::string& path, std::string_view content, unsigned mode = 0644);
// Writes all of the bytes where the descriptor stands. False, with errno, when that fails.
bool write_all(int descriptor, std::string_view bytes);
// Writes them at `offset`. How many were written: all, or fewer, with errno.
std::size_t write_at(int descriptor, std::string_view bytes, std::uint64_t offset);
Result<void> make_folders(const std::string& path, unsigned mode = 0700);
bool exists(const std::string& path);
// Whether a file is known again by its stat, when it was touched at `touched_ns` (the later of its times) and
// looked at from `looked_ns` on, on the same clock: only when 2 s lie between, because a file that is written
// twice within the clock's granularity has one and the same stat ("racily clean", as git calls it).
bool known_by_stat(std::int64_t touched_ns, std::int64_t looked_ns);

// $XDG_STATE_HOME/mdl, $XDG_CONFIG_HOME/mdl, with the usual fallbacks below $HOME.
std::string state_folder();
std::string config_folder();

// $NAME, or the fallback when it is unset or empty.
std::string environment(const char* name, std::string_view fallback = "");

}  // namespace mdl
