#include "core/util/git.hpp"

#include <memory>

#include "core/util/git_library.hpp"

namespace mdl {

namespace {

template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

std::unexpected<Error> unreadable(const GitLibrary& git, const std::string& folder) {
  return fail(Error{.kind = ErrorKind::unavailable,
                    .message = "the git repository could not be read",
                    .quoted = git.last_words(),
                    .resource = folder});
}

// Ends the comparison at the first difference: one is enough to call a tree dirty. A folder that is not
// tracked may hold nothing but ignored files; whether it counts is known only after it was read.
constexpr int found_difference = -5000;
int stop_at_first(const git_diff*, const git_diff_delta* delta, const char*, void*) {
  const bool folder = delta->status == GIT_DELTA_UNTRACKED && delta->new_file.mode == GIT_FILEMODE_TREE;
  return folder ? 0 : found_difference;
}

using Compare = int (*)(const GitLibrary&, git_diff**, git_repository*, git_tree*, const git_diff_options*);

int index_with_head(const GitLibrary& git, git_diff** diff, git_repository* repository, git_tree* tree,
                    const git_diff_options* options) {
  return git.diff_tree_to_index(diff, repository, tree, nullptr, options);
}

int files_with_index(const GitLibrary& git, git_diff** diff, git_repository* repository, git_tree*,
                     const git_diff_options* options) {
  return git.diff_index_to_workdir(diff, repository, nullptr, options);
}

// The error code of libgit2 below 0; else whether there is a difference.
int differs(const GitLibrary& git, git_repository* repository, git_tree* tree, Compare compare) {
  git_diff_options options;
  git.diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
  options.flags = GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_INCLUDE_TYPECHANGE;
  options.notify_cb = stop_at_first;
  git_diff* diff = nullptr;
  const int code = compare(git, &diff, repository, tree, &options);
  if (code == found_difference) return 1;
  if (code < 0) return code;
  const Owned<git_diff> owned(diff, git.diff_free);
  return git.diff_num_deltas(diff) > 0 ? 1 : 0;
}

}  // namespace

Result<std::optional<Commit>> git_commit(const std::string& folder) {
  MDL_TRY(const auto* library, git_library());
  const auto& git = *library;
  git_repository* opened = nullptr;
  const int open = git.repository_open_ext(&opened, folder.c_str(), 0, nullptr);
  if (open == GIT_ENOTFOUND || open == GIT_EOWNER) return std::nullopt;
  if (open < 0) return unreadable(git, folder);
  const Owned<git_repository> repository(opened, git.repository_free);

  git_reference* reference = nullptr;
  const int head = git.repository_head(&reference, opened);
  if (head == GIT_EUNBORNBRANCH || head == GIT_ENOTFOUND) return std::nullopt;
  if (head < 0) return unreadable(git, folder);
  const Owned<git_reference> owned_reference(reference, git.reference_free);

  git_object* object = nullptr;
  if (git.reference_peel(&object, reference, GIT_OBJECT_COMMIT) < 0) return unreadable(git, folder);
  const Owned<git_object> owned_object(object, git.object_free);
  git_tree* tree = nullptr;
  if (git.commit_tree(&tree, reinterpret_cast<::git_commit*>(object)) < 0) return unreadable(git, folder);
  const Owned<git_tree> owned_tree(tree, git.tree_free);

  Commit commit;
  char hex[GIT_OID_HEXSZ + 1];
  commit.hash = git.oid_tostr(hex, sizeof hex, git.object_id(object));
  for (const Compare compare : {index_with_head, files_with_index}) {
    const int different = differs(git, opened, tree, compare);
    if (different < 0 && different != GIT_EBAREREPO) return unreadable(git, folder);
    if (different > 0) commit.dirty = true;
    if (commit.dirty) break;
  }
  return commit;
}

}  // namespace mdl
