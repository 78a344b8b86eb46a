#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest/service.hpp"
#include "core/manifest/tree.hpp"

namespace mdl::manifest {

// A text that a problem can point into, with its lines found once.
class File {
 public:
  // `shown` is the path as the user gave it, "--set" or "$NAME"; the latter two have no text.
  File(std::string shown, std::string text);
  const std::string& shown() const { return shown_; }
  const std::string& text() const { return text_; }
  // From 1; "" past the end.
  std::string_view line(int number) const;
  Source source(const Place& place) const;
  // A line that must never be printed, because it may hold a secret. Later calls of source() leave it out.
  void hide(int line) { hidden_.insert(line); }

 private:
  std::string shown_, text_;
  std::vector<std::uint32_t> starts_;
  std::set<int> hidden_;
};

// Where a value stands.
struct At {
  const File* file = nullptr;
  Place place;
};

// Collects what is wrong, to be shown at once.
class Problems {
 public:
  void add(const At& at, std::string_view field, std::string message);
  bool any() const { return count_ > 0; }
  // More than will be shown: good words are no longer worth their time.
  bool many() const { return count_ > 1'000; }
  // Whether a field at or below the path has a problem in one of these files, or from the command line or the
  // environment: what follows from it is then not worth saying.
  bool concern(std::string_view path, const std::vector<const File*>& files) const;
  // By file (in the order in which files were first given), line and column. At most 50, then one that says
  // how many more.
  std::vector<Problem> take(const std::vector<std::unique_ptr<File>>& files) const;

 private:
  struct Entry {
    At at;
    std::string field, message;
  };
  std::vector<Entry> entries_;
  std::size_t count_ = 0;
};

}  // namespace mdl::manifest
