#pragma once

#include <string>
#include <string_view>

namespace mdl::oci {

// An include pattern, relative to the service's folder: `*` and `?` stay within one name, `[a-z]` and
// `[!a-z]` name one character, `**` stands for any number of folders. A pattern that matches a folder names
// everything below it.
class Glob {
 public:
  // `pattern` must be usable.
  explicit Glob(std::string_view pattern);

  // Why a pattern cannot be used ("is empty", "leaves the folder", …); "" when it can.
  static std::string_view unusable(std::string_view pattern);

  bool matches(std::string_view path) const;
  // False when no path below this folder can match, so that it need not be read.
  bool may_match_below(std::string_view folder) const;

 private:
  std::string pattern_;  // normalised: no "./", no double or trailing slashes
  std::string fixed_;    // its leading names without a wildcard
};

}  // namespace mdl::oci
