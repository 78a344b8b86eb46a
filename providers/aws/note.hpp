#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan/change.hpp"
#include "providers/aws/names.hpp"

// What mdl made of the things that all releases share, written down after the last of them in one parameter,
// RECORDS/shared. An unchanged deploy believes it instead of asking for each of them. It is taken away before
// any of them is changed, so that it never says what a stopped run had only begun. Pure.
namespace mdl::aws {

inline constexpr const char* note_kind = "parameter";
std::string note_name(const Names& names);  // /mdl/hello/eu/shared

// Whether the note speaks of such a resource. Permissions and the URL are always read.
bool is_noted(std::string_view kind);

// The note as a resource, {digest, holds: [{kind, name, spec}]}, last of what the service needs; nullopt when
// it would not fit into a parameter.
std::optional<plan::Desired> note_for(const Names& names, std::span<const plan::Desired> all);

// The note as it is. One that does not say what is there (somebody changed that by hand) has another digest.
plan::Observed note_seen(const Names& names, const std::string& text, std::span<const plan::Observed> actual);

// What a note says is there; empty when it cannot be read.
std::vector<plan::Observed> noted(const std::string& text);

}  // namespace mdl::aws
