#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/util/error.hpp"

namespace mdl::oci {

// One text of rules in the syntax of .gitignore, for the folder that it stands in. libgit2 judges.
class IgnoreRules {
 public:
  // `base`: where it stands, "" or "a/b", in the same terms as the paths that are asked for.
  static Result<std::unique_ptr<IgnoreRules>> parse(std::string_view text, std::string base);
  ~IgnoreRules();
  IgnoreRules(const IgnoreRules&) = delete;
  IgnoreRules& operator=(const IgnoreRules&) = delete;

  // Whether `path` (a folder's ends in '/') is ignored, when it is `otherwise` as far as no rule here speaks
  // of it. Rules about folders above it are not applied: who asks does not enter folders that are ignored.
  Result<bool> ignores(std::string_view path, bool otherwise) const;

 private:
  struct Judge;
  IgnoreRules() = default;
  std::string base_;
  std::unique_ptr<Judge> ignored_, kept_;  // by what they say when no rule speaks
};

// The rules that hold in a folder: those of the folders above it and its own. Inner ones win, and .mdlignore
// wins over .gitignore.
class FolderRules {
 public:
  // Adds `file` to the rules when it is there. `base` as in IgnoreRules::parse. Errors as read_file, failed.
  Result<void> add_gitignore(const std::string& file, const std::string& base);
  Result<void> add_mdlignore(const std::string& file, const std::string& base);
  // `path` as in IgnoreRules::ignores.
  Result<bool> ignore(std::string_view path) const;

 private:
  using Chain = std::vector<std::shared_ptr<const IgnoreRules>>;  // outermost first
  static Result<void> add(const std::string& file, const std::string& base, Chain& chain);
  Chain git_, mdl_;
};

}  // namespace mdl::oci
