#include "core/oci/glob.hpp"

#include <algorithm>

#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

constexpr auto npos = std::string_view::npos;

std::string_view first_name(std::string_view path) { return path.substr(0, path.find('/')); }
std::string_view after_first_name(std::string_view path) {
  const auto slash = path.find('/');
  return slash == npos ? std::string_view() : path.substr(slash + 1);
}

// Whether `character` is in the set that follows "[" in `pattern`; moves `position` past its "]".
bool in_set(std::string_view pattern, std::size_t& position, char character) {
  bool inverted = false, found = false;
  if (position < pattern.size() && (pattern[position] == '!' || pattern[position] == '^')) {
    inverted = true;
    ++position;
  }
  for (bool first = true; position < pattern.size() && (first || pattern[position] != ']'); first = false) {
    const char low = pattern[position++];
    char high = low;
    if (position + 1 < pattern.size() && pattern[position] == '-' && pattern[position + 1] != ']') {
      high = pattern[position + 1];
      position += 2;
    }
    if (low <= character && character <= high) found = true;
  }
  ++position;
  return found != inverted;
}

// One name against one name. Goes back to the last star only, so that it is never exponential.
bool name_matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = npos, star_name = 0;
  while (n < name.size()) {
    std::size_t next = p;
    bool step = false;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '[' && pattern.find(']', p + 2) != npos) {
      ++next;
      step = in_set(pattern, next, name[n]);
    } else if (p < pattern.size()) {
      ++next;
      step = pattern[p] == '?' || pattern[p] == name[n];
    }
    if (step) {
      p = next;
      ++n;
    } else if (star != npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == npos;
}

// Names against names, `**` as the star. A pattern that is used up matches what lies below it too.
bool path_matches(std::string_view pattern, std::string_view path) {
  std::string_view after_star, star_path;
  bool star = false;
  while (!path.empty()) {
    if (pattern.empty()) return true;
    const auto name = first_name(pattern);
    if (name == "**") {
      pattern = after_first_name(pattern);
      if (pattern.empty()) return true;
      star = true;
      after_star = pattern;
      star_path = path;
    } else if (name_matches(name, first_name(path))) {
      pattern = after_first_name(pattern);
      path = after_first_name(path);
    } else if (star) {
      star_path = after_first_name(star_path);
      pattern = after_star;
      path = star_path;
    } else {
      return false;
    }
  }
  return pattern.empty();
}

bool is_below(std::string_view path, std::string_view folder) {
  return folder.empty() || path == folder ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

}  // namespace

std::string_view Glob::unusable(std::string_view pattern) {
  if (pattern.empty()) return "is empty";
  if (pattern.starts_with('/')) return "is absolute; it must be relative to the manifest's folder";
  if (pattern.find('\0') != npos) return "holds a NUL byte";
  const auto names = split(pattern, '/');
  if (std::ranges::find(names, "..") != names.end()) return "leaves the manifest's folder";
  return "";
}

Glob::Glob(std::string_view pattern) {
  bool fixed = true;
  for (const auto name : split(pattern, '/')) {
    if (name.empty() || name == ".") continue;
    if (name == "**" && (pattern_ == "**" || pattern_.ends_with("/**"))) continue;
    if (!pattern_.empty()) pattern_ += '/';
    pattern_ += name;
    fixed = fixed && name.find_first_of("*?[") == npos;
    if (fixed) fixed_ = pattern_;
  }
  if (pattern_.empty()) pattern_ = "**";  // "." names the whole folder
}

bool Glob::matches(std::string_view path) const { return path_matches(pattern_, path); }

bool Glob::may_match_below(std::string_view folder) const {
  return is_below(folder, fixed_) || is_below(fixed_, folder);
}

}  // namespace mdl::oci
