#pragma once

#include <optional>
#include <string>

#include "core/util/error.hpp"

namespace mdl {

struct Commit {
  std::string hash;    // 40 hex digits
  bool dirty = false;  // the index or a file differs from it, or a file is neither tracked nor ignored
};

// The commit that is checked out in the repository that `folder` lies in. nullopt outside a repository, in
// one without a commit, and where git's safe.directory rule forbids reading it. Stops at the first
// difference, and changes nothing in the repository. Errors: unavailable when libgit2 is not installed or the
// repository cannot be read.
Result<std::optional<Commit>> git_commit(const std::string& folder);

}  // namespace mdl
