#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mdl::local {

// Replaces secrets in a service's output. Of a secret of several lines, each line of 4 bytes or more is one.
class Redactor {
 public:
  explicit Redactor(const std::vector<std::string>& secrets);
  // `line` with every occurrence replaced by [redacted]; the longest secret wins where several begin.
  std::string apply(std::string_view line) const { return take(line, line.size()); }
  // As apply, for what begins in the first `until` bytes; `text` becomes what is left behind it.
  std::string take(std::string_view& text, std::size_t until) const;
  // Bytes of the longest secret; 0 when there are none.
  std::size_t longest() const { return secrets_.empty() ? 0 : secrets_.front().size(); }

 private:
  std::vector<std::string> secrets_;  // longest first
};

}  // namespace mdl::local
