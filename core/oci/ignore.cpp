#include "core/oci/ignore.hpp"

#include "core/util/files.hpp"
#include "core/util/git_library.hpp"

namespace mdl::oci {

namespace {

constexpr std::uint64_t longest_file = 1u << 20;

// Rules in the form that libgit2 takes as a whole: no byte order mark, no carriage returns at line ends.
std::string normalised(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string lines;
  lines.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] != '\0') lines += text[i];
  }
  return lines;
}

std::unexpected<Error> broken(const GitLibrary& git) {
  return fail(Error{.kind = ErrorKind::failed,
                    .message = "libgit2 could not apply the ignore rules",
                    .quoted = git.last_words()});
}

}  // namespace

// A repository in memory without files: its rules are all that it knows.
struct IgnoreRules::Judge {
  const GitLibrary& git;
  git_repository* repository = nullptr;

  explicit Judge(const GitLibrary& library) : git(library) {}
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;
  ~Judge() { git.repository_free(repository); }

  Result<void> add(const std::string& rules) {
    git_config* config = nullptr;  // an empty one, so that the user's own settings decide nothing
    if (git.repository_new(&repository) < 0 || git.config_new(&config) < 0) return broken(git);
    const int set = git.repository_set_config(repository, config);
    git.config_free(config);
    if (set < 0 || git.ignore_add_rule(repository, rules.c_str()) < 0) return broken(git);
    return {};
  }
};

IgnoreRules::~IgnoreRules() = default;

Result<std::unique_ptr<IgnoreRules>> IgnoreRules::parse(std::string_view text, std::string base) {
  MDL_TRY(const auto* git, git_library());
  std::unique_ptr<IgnoreRules> rules(new IgnoreRules());
  rules->base_ = std::move(base);
  const auto lines = normalised(text);
  rules->ignored_ = std::make_unique<Judge>(*git);
  rules->kept_ = std::make_unique<Judge>(*git);
  // A first rule that speaks of everything says what holds when no other does, and keeps libgit2 from asking
  // the user's own excludes file afterwards. "!*" alone would be dropped as a negation of nothing.
  MDL_CHECK(rules->ignored_->add("*\n" + lines));
  MDL_CHECK(rules->kept_->add("*\n!*\n" + lines));
  return rules;
}

Result<bool> IgnoreRules::ignores(std::string_view path, bool otherwise) const {
  if (!base_.empty()) path.remove_prefix(base_.size() + 1);
  const auto& judge = otherwise ? *ignored_ : *kept_;
  int ignored = 0;
  if (judge.git.ignore_path_is_ignored(&ignored, judge.repository, std::string(path).c_str()) < 0)
    return broken(judge.git);
  return ignored != 0;
}

Result<void> FolderRules::add(const std::string& file, const std::string& base, Chain& chain) {
  const auto text = read_file(file, longest_file);
  if (!text && text.error().kind == ErrorKind::not_found) return {};
  if (!text) return std::unexpected(text.error());
  if (text->find_first_not_of(" \t\r\n") == std::string::npos) return {};
  MDL_TRY(auto rules, IgnoreRules::parse(*text, base));
  chain.push_back(std::move(rules));
  return {};
}

Result<void> FolderRules::add_gitignore(const std::string& file, const std::string& base) {
  return add(file, base, git_);
}

Result<void> FolderRules::add_mdlignore(const std::string& file, const std::string& base) {
  return add(file, base, mdl_);
}

Result<bool> FolderRules::ignore(std::string_view path) const {
  bool ignored = false;
  for (const auto* chain : {&git_, &mdl_}) {
    for (const auto& rules : *chain) {
      MDL_TRY(ignored, rules->ignores(path, ignored));
    }
  }
  return ignored;
}

}  // namespace mdl::oci
