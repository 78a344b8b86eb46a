#pragma once

#include <git2.h>
#include <git2/sys/repository.h>

#include "core/util/error.hpp"

namespace mdl {

// The functions of libgit2 that the project calls. It is loaded when first used: linking it would cost every
// command about 6 ms at its start.
struct GitLibrary {
  decltype(&git_error_last) error_last;

  decltype(&git_repository_new) repository_new;
  decltype(&git_repository_set_config) repository_set_config;
  decltype(&git_repository_open_ext) repository_open_ext;
  decltype(&git_repository_head) repository_head;
  decltype(&git_repository_free) repository_free;
  decltype(&git_config_new) config_new;
  decltype(&git_config_free) config_free;

  decltype(&git_ignore_add_rule) ignore_add_rule;
  decltype(&git_ignore_path_is_ignored) ignore_path_is_ignored;

  decltype(&git_reference_peel) reference_peel;
  decltype(&git_reference_free) reference_free;
  decltype(&git_object_free) object_free;
  decltype(&git_object_id) object_id;
  decltype(&git_oid_tostr) oid_tostr;
  decltype(&git_commit_tree) commit_tree;
  decltype(&git_tree_free) tree_free;
  decltype(&git_diff_options_init) diff_options_init;
  decltype(&git_diff_tree_to_index) diff_tree_to_index;
  decltype(&git_diff_index_to_workdir) diff_index_to_workdir;
  decltype(&git_diff_num_deltas) diff_num_deltas;
  decltype(&git_diff_free) diff_free;

  // The words of the last error of this thread.
  std::string last_words() const;
};

// Loads libgit2 once a process and keeps it. Errors: unavailable when the library is not installed.
Result<const GitLibrary*> git_library();

}  // namespace mdl
