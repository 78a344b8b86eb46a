#include "core/util/git_library.hpp"

#include <dlfcn.h>

namespace mdl {

namespace {

// The version whose headers this was compiled with: its structs are part of the interface.
constexpr const char* soname = "libgit2.so.1.5";
static_assert(LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR == 5);

class Symbols {
 public:
  explicit Symbols(void* library) : library_(library) {}
  template <class Function>
  void load(const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library_, name));
    if (function == nullptr && missing_ == nullptr) missing_ = name;
  }
  const char* missing() const { return missing_; }

 private:
  void* library_;
  const char* missing_ = nullptr;
};

std::unexpected<Error> not_loaded(std::string words) {
  return fail(Error{.kind = ErrorKind::unavailable,
                    .message = "libgit2, which reads .gitignore rules and commits, could not be loaded",
                    .quoted = std::move(words),
                    .resource = soname,
                    .next = {"apt-get install libgit2-1.5"}});
}

Result<GitLibrary> load() {
  void* library = ::dlopen(soname, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return not_loaded(::dlerror());
  Symbols symbols(library);
  GitLibrary git{};
  decltype(&git_libgit2_init) init = nullptr;
  symbols.load("git_libgit2_init", init);
  symbols.load("git_error_last", git.error_last);
  symbols.load("git_repository_new", git.repository_new);
  symbols.load("git_repository_set_config", git.repository_set_config);
  symbols.load("git_repository_open_ext", git.repository_open_ext);
  symbols.load("git_repository_head", git.repository_head);
  symbols.load("git_repository_free", git.repository_free);
  symbols.load("git_config_new", git.config_new);
  symbols.load("git_config_free", git.config_free);
  symbols.load("git_ignore_add_rule", git.ignore_add_rule);
  symbols.load("git_ignore_path_is_ignored", git.ignore_path_is_ignored);
  symbols.load("git_reference_peel", git.reference_peel);
  symbols.load("git_reference_free", git.reference_free);
  symbols.load("git_object_free", git.object_free);
  symbols.load("git_object_id", git.object_id);
  symbols.load("git_oid_tostr", git.oid_tostr);
  symbols.load("git_commit_tree", git.commit_tree);
  symbols.load("git_tree_free", git.tree_free);
  symbols.load("git_diff_options_init", git.diff_options_init);
  symbols.load("git_diff_tree_to_index", git.diff_tree_to_index);
  symbols.load("git_diff_index_to_workdir", git.diff_index_to_workdir);
  symbols.load("git_diff_num_deltas", git.diff_num_deltas);
  symbols.load("git_diff_free", git.diff_free);
  if (symbols.missing() != nullptr) return not_loaded(std::string("it has no ") + symbols.missing());
  if (init() < 0) return not_loaded(git.last_words());
  return git;
}

}  // namespace

std::string GitLibrary::last_words() const {
  const git_error* error = error_last();
  return error != nullptr && error->message != nullptr ? error->message : "";
}

Result<const GitLibrary*> git_library() {
  static const Result<GitLibrary> loaded = load();
  if (!loaded) return std::unexpected(loaded.error());
  return &*loaded;
}

}  // namespace mdl
